// Waxseal for Haraka 3.3: copy to plugins/waxseal.js, name it in config/plugins, and see docs/other-mail-servers.md.
'use strict'

const crypto = require('node:crypto')
const net = require('node:net')
const tls = require('node:tls')

const answerOctets = 65_536

/**
 * Certificates of hosts with DANE-TA that one of their records is of, as they were last sent: OpenSSL builds the chain to
 * just this one at the next connection.
 */
const anchors = new Map()
const anchorsKept = 1000
const chainLength = 10

exports.register = function () {
  const { main } = this.config.get('waxseal.ini')
  this.cfg = { socket: '/run/waxseal/lines', timeout: 45, ...main }
  watchConnections(this.haraka_require('outbound/client_pool'), this)
  this.register_hook('get_mx', 'choose_hosts')
}

/** Names the hosts that mail may reach, and keeps with the message what each of them must show. */
exports.choose_hosts = function (next, hmail, domain) {
  ask(this.cfg.socket, domain, this.cfg.timeout * 1000).then(
    (answer) => decide(this, answer, { next, hmail, domain }),
    (error) => refuse(this, { next, hmail, domain }, DENYSOFT, `the policy service does not answer: ${error.message}`),
  )
}

function decide(plugin, { action, hosts, reason }, message) {
  const { next, hmail, domain } = message
  if (action === 'none') return next()
  if (action === 'bounce') return refuse(plugin, message, DENY, reason)
  if (action !== 'deliver') return refuse(plugin, message, DENYSOFT, reason)
  const demands = new Map(hosts.map((demand) => [demand.host, demand]))
  // Haraka asks this of each host just before it connects, and takes the same object to the connection.
  hmail.get_force_tls = (mx) => {
    const host = String(mx.from_dns || mx.exchange).toLowerCase()
    const demand = demands.get(host) ?? { host, tls: 'pkix', records: [] }
    mx.waxseal = { ...demand, domain, again: () => tryAgain(hmail, mx) }
    return demand.tls !== 'may'
  }
  return next(
    OK,
    hosts.map(({ host, priority }) => ({ exchange: host, priority, port: 25 })),
  )
}

/** Has this address tried once more before the others; false where that was done already. */
function tryAgain(hmail, mx) {
  if (mx.isSecondTry === true) return false
  hmail.mxlist.unshift({ ...mx, isSecondTry: true })
  return true
}

/** Haraka tells the sender of a message that is returned, and the log, of each recipient's reason. */
function refuse(plugin, { next, hmail, domain }, code, reason) {
  plugin.lognotice(`${domain}: ${reason}`)
  for (const recipient of hmail.todo.rcpt_to) recipient.reason = reason
  next(code, reason)
}

/** Has each connection for mail show what is demanded of its host, once for all messages. */
function watchConnections(pool, plugin) {
  if (pool.get_client.isOfWaxseal) return
  const given = pool.get_client
  pool.get_client = function (mx, callback) {
    return given.call(this, mx, (error, socket) => {
      if (!error && mx.waxseal !== undefined) watch(socket, mx.waxseal, plugin)
      callback(error, socket)
    })
  }
  pool.get_client.isOfWaxseal = true
}

function watch(socket, demand, plugin) {
  let state = 'greeting'
  // Haraka goes on to the next host at an error. By itself it would give up all hosts, return the message, or forget it.
  const fail = (why) => {
    plugin.lognotice(`${demand.host}: ${why}`)
    socket.removeAllListeners('secure') // by which Haraka would go on here
    socket.emit('error', Object.assign(new Error(why), { source: 'waxseal' }))
  }

  let offersTls = false
  socket.on('line', (line) => {
    if (demand.tls === 'may' || state === 'over') return
    if (state === 'handshake') return fail('it says something between STARTTLS and TLS')
    if (state === 'ehlo') offersTls ||= /^250[ -]STARTTLS\s*$/i.test(line)
    if (line[3] === '-') return // more follows
    const isGood = line.startsWith('2')
    if (state === 'greeting') state = isGood ? 'ehlo' : 'over'
    else if (!isGood) fail(`it ${state === 'ehlo' ? 'takes no EHLO' : 'refuses STARTTLS'}: ${line.trim()}`)
    else if (!offersTls) fail('it offers no STARTTLS, and must')
    else state = state === 'ehlo' ? 'starttls' : 'handshake'
  })

  const { upgrade } = socket
  const anchor = anchorOf(demand)
  socket.upgrade = (options, done) =>
    upgrade.call(socket, { ...options, ...optionsOf(demand, anchor) }, (authorized, error, ...rest) => {
      if (demand.tls === 'may') return done(authorized, error, ...rest)
      const fault = judge({ ...demand, anchor }, socket.cleartext, error)
      if (fault !== undefined) return fail(fault)
      state = 'over'
      socket.cleartext.authorized = true // Haraka sends nothing over a connection that it must secure and that is not
      done(true, undefined, ...rest)
    })
}

/** Who it is, is for us to judge: Node would end the connection over a certificate that DANE needs no authority for. */
function optionsOf({ host, domain, tls: demanded }, anchor) {
  if (demanded === 'may') return { rejectUnauthorized: false }
  const options = { servername: host, rejectUnauthorized: false, minVersion: 'TLSv1.2' }
  if (anchor === undefined) return options
  const pem = new crypto.X509Certificate(anchor).toString()
  // RFC 7672 §3.2.2: the host's name or the domain's.
  const checkServerIdentity = (_, certificate) =>
    tls.checkServerIdentity(host, certificate) && tls.checkServerIdentity(domain, certificate)
  return { ...options, ca: [pem], allowPartialTrustChain: true, checkServerIdentity }
}

/** Undefined, or why mail must not go over this connection. Node has judged chain and name. */
function judge({ tls: demanded, ...demand }, socket, error) {
  if (!['TLSv1.2', 'TLSv1.3'].includes(socket.getProtocol())) return 'it speaks no version of TLS to be believed'
  switch (demanded) {
    case 'encrypt':
      return undefined
    case 'pkix':
      return socket.authorized === true ? undefined : `its certificate is not valid: ${error}`
    case 'dane':
      return judgeDane(demand, socket, error)
    default:
      return `nothing is known of ${demanded}`
  }
}

/** RFC 7672 §3.1: DANE-EE by the certificate itself, DANE-TA by the chain to one of its certificates. */
function judgeDane({ host, records, anchor, again }, socket, error) {
  const shown = socket.getPeerCertificate(true)
  if (matches('3', records, shown.raw)) return undefined
  if (anchor !== undefined && socket.authorized === true) return undefined
  const found = chainOf(shown).find((raw) => matches('2', records, raw))
  if (found === undefined) return 'its certificate matches none of its TLSA records'
  if (anchor === undefined || Buffer.compare(found, anchor) !== 0) {
    keep(host, found)
    if (again()) return 'its chain has a DANE-TA certificate: connecting once more with it as the only authority'
  }
  return `its chain to the DANE-TA certificate is not valid: ${error}`
}

/** What came after the host's own certificate, each the issuer of the one before. */
function chainOf(shown) {
  const chain = []
  for (let next = shown.issuerCertificate; next?.raw !== undefined && chain.length < chainLength; ) {
    chain.push(next.raw)
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}

function keep(host, raw) {
  anchors.delete(host)
  anchors.set(host, raw)
  if (anchors.size > anchorsKept) anchors.delete(anchors.keys().next().value)
}

/** The certificate that is remembered of the host, if one of its records is of it still. */
function anchorOf({ host, tls: demanded, records }) {
  const raw = demanded === 'dane' ? anchors.get(host) : undefined
  return matches('2', records, raw) ? raw : undefined
}

function matches(wanted, records, der) {
  if (der === undefined) return false
  return records.some((record) => {
    const [usage, selector, matchingType, data] = record.split('/')
    const part = usage === wanted ? partOf(der, selector) : undefined
    if (part === undefined) return false
    const digest = { 1: 'sha256', 2: 'sha512' }[matchingType]
    const shown = digest === undefined ? part : crypto.createHash(digest).update(part).digest()
    return shown.toString('hex') === data
  })
}

/** What the selector of a record is about; undefined for a key of a kind that OpenSSL does not know. */
function partOf(der, selector) {
  if (selector === '0') return der
  try {
    // Not getPeerX509Certificate of the socket: with that Node forgets the certificate.
    return new crypto.X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' })
  } catch {
    return undefined
  }
}

/** One question, one line: docs/exim.md has its grammar. Rejects for whatever is no answer. */
function ask(where, domain, timeoutMs) {
  return new Promise((resolve, reject) => {
    if (/[\s]/.test(domain)) throw new Error('not a domain')
    const parts = /^(.*):(\d+)$/.exec(where)
    const socket = net.connect(parts === null ? { path: where } : { host: parts[1], port: Number(parts[2]) })
    const tooLong = setTimeout(() => socket.destroy(new Error('it takes too long')), timeoutMs)
    let said = ''
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      said += text
      if (said.length > answerOctets) socket.destroy(new Error('its answer is too long'))
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(tooLong)
      const answer = readAnswer(said)
      if (answer === undefined) reject(new Error(said === '' ? 'it said nothing' : 'its answer is none'))
      else resolve(answer)
    })
    socket.end(`query ${domain}\n`)
  })
}

const demands = ['dane', 'pkix', 'encrypt', 'may']

function readAnswer(line) {
  if (!/^action=\w+ .*\n$/.test(line)) return undefined
  const found = [...line.matchAll(/(\w+)=(?:"([^"]*)"|([^"\s]*))(?=[ \n])/g)]
  const pairs = new Map(found.map(([, key, quoted, plain]) => [key, quoted ?? plain]))
  const listOf = (key, between = ':') => (pairs.get(key) ?? '').split(between).filter((name) => name !== '')
  const records = listOf('tlsa', ',')
  const hosts = []
  let priority = 0
  for (const host of listOf('hosts')) {
    if (host === '+') priority++
    else {
      hosts.push({
        ...{ host, priority },
        // A host that no list has is one that this version knows nothing of.
        tls: demands.find((demand) => listOf(demand).includes(host)) ?? 'dane',
        records: records
          .filter((record) => record.startsWith(`${host}/`))
          .map((record) => record.slice(host.length + 1)),
      })
    }
  }
  return { action: pairs.get('action'), hosts, reason: pairs.get('reason') ?? '' }
}

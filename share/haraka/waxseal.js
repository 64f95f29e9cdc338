// Waxseal for Haraka 3.3: copy to plugins/waxseal.js, name it in config/plugins, and see docs/other-mail-servers.md.
'use strict'

const crypto = require('node:crypto')
const net = require('node:net')

const answerOctets = 65_536

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
  const { next, hmail } = message
  if (action === 'none') return next()
  if (action === 'bounce') return refuse(plugin, message, DENY, reason)
  if (action !== 'deliver') return refuse(plugin, message, DENYSOFT, reason)
  const demands = new Map(hosts.map((demand) => [demand.host, demand]))
  // Haraka asks this of each host just before it connects, and takes the same object to the connection.
  hmail.get_force_tls = (mx) => {
    const host = String(mx.from_dns || mx.exchange).toLowerCase()
    mx.waxseal = demands.get(host) ?? { host, tls: 'pkix', records: [] }
    return mx.waxseal.tls !== 'may'
  }
  return next(
    OK,
    hosts.map(({ host, priority }) => ({ exchange: host, priority, port: 25 })),
  )
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
  socket.upgrade = (options, done) =>
    upgrade.call(socket, { ...options, ...optionsOf(demand) }, (authorized, error, ...rest) => {
      if (demand.tls === 'may') return done(authorized, error, ...rest)
      const fault = judge(demand, socket.cleartext, error)
      if (fault !== undefined) return fail(fault)
      state = 'over'
      socket.cleartext.authorized = true // Haraka sends nothing over a connection that it must secure and that is not
      done(true, undefined, ...rest)
    })
}

/** Who it is, is for us to judge: Node would end the connection over a certificate that DANE needs no authority for. */
function optionsOf({ host, tls }) {
  if (tls === 'may') return { rejectUnauthorized: false }
  return { servername: host, rejectUnauthorized: false, minVersion: 'TLSv1.2' }
}

/** Undefined, or why mail must not go over this connection. Node has judged chain and name. */
function judge({ tls, records }, socket, error) {
  if (!['TLSv1.2', 'TLSv1.3'].includes(socket.getProtocol())) return 'it speaks no version of TLS to be believed'
  switch (tls) {
    case 'encrypt':
      return undefined
    case 'pkix':
      return socket.authorized === true ? undefined : `its certificate is not valid: ${error}`
    case 'dane':
      if (matches(records, socket.getPeerCertificate().raw)) return undefined
      return 'its certificate matches none of its DANE-EE records'
    default:
      return `nothing is known of ${tls}`
  }
}

/** DANE-EE alone (RFC 7672 §3.1.1): for DANE-TA the chain has to be built, which cannot be done here. */
function matches(records, der) {
  if (der === undefined) return false
  // Not getPeerX509Certificate: with that Node forgets the certificate, and a connection may be used again.
  const certificate = new crypto.X509Certificate(der)
  return records.some((record) => {
    const [usage, selector, matchingType, data] = record.split('/')
    if (usage !== '3') return false
    const part = selector === '0' ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
    const digest = { 1: 'sha256', 2: 'sha512' }[matchingType]
    const shown = digest === undefined ? part : crypto.createHash(digest).update(part).digest()
    return shown.toString('hex') === data
  })
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

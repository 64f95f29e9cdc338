// Waxseal for Haraka 3.1: copy to plugins/waxseal.js, name it in config/plugins, and see docs/other-mail-servers.md.
'use strict'

const net = require('node:net')

const answerOctets = 65_536

exports.register = function () {
  const { main } = this.config.get('waxseal.ini')
  this.cfg = { socket: '/run/waxseal/lines', timeout: 45, dane: 'hold', ...main }
  if (this.cfg.dane !== 'hold' && this.cfg.dane !== 'encrypt') throw new Error('waxseal.ini: dane is hold or encrypt')
  takeOverTls(this.haraka_require('outbound/tls'))
  this.register_hook('get_mx', 'choose_hosts')
}

/** Names the hosts that mail may reach, and keeps with the message what each of them must show. */
exports.choose_hosts = function (next, hmail, domain) {
  ask(this.cfg.socket, domain, this.cfg.timeout * 1000).then(
    (answer) => decide(this, answer, { next, hmail, domain }),
    (error) => {
      this.logerror(`${domain}: the policy service does not answer: ${error.message}`)
      next(DENYSOFT, 'the policy service does not answer')
    },
  )
}

function decide(plugin, { action, hosts, reason }, { next, hmail, domain }) {
  if (action === 'none') return next()
  if (action === 'bounce') return next(DENY, reason)
  if (action !== 'deliver') {
    plugin.lognotice(`${domain}: ${reason}`)
    return next(DENYSOFT, reason)
  }
  const open = hosts.flatMap(({ host, priority, tls }) => {
    // Haraka cannot look at TLSA records: TLS with anybody is all that it has for them.
    if (tls !== 'dane') return [{ host, priority, tls }]
    return plugin.cfg.dane === 'encrypt' ? [{ host, priority, tls: 'encrypt' }] : []
  })
  if (open.length === 0) return next(DENYSOFT, `${domain} asks for DANE, which Haraka does not have`)
  const demands = new Map(open.map(({ host, tls }) => [host, tls]))
  // Haraka asks this of each host just before it connects, and takes the same object for the options of its TLS.
  hmail.get_force_tls = (mx) => {
    mx.waxseal = demands.get(String(mx.from_dns || mx.exchange).toLowerCase()) ?? 'pkix'
    return mx.waxseal !== 'may'
  }
  return next(
    OK,
    open.map(({ host, priority }) => ({ exchange: host, priority, port: 25 })),
  )
}

/** Has the options of TLS depend on the host, once for all messages. */
function takeOverTls(outbound) {
  if (outbound.get_tls_options.isOfWaxseal) return
  const given = outbound.get_tls_options
  outbound.get_tls_options = function (mx) {
    const options = given.call(this, mx)
    const servername = mx.from_dns || mx.exchange
    if (mx.waxseal === 'pkix') return { ...options, servername, rejectUnauthorized: true, minVersion: 'TLSv1.2' }
    // Whoever it is: what a certificate must show is asked where a policy asks for it.
    if (mx.waxseal !== undefined) return { ...options, rejectUnauthorized: false }
    return options
  }
  outbound.get_tls_options.isOfWaxseal = true
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
  const pairs = new Map([...line.matchAll(/(\w+)="?([^"\s]*|[^"]*)"?(?=[ \n])/g)].map(([, key, value]) => [key, value]))
  const listOf = (key) => (pairs.get(key) ?? '').split(':').filter((name) => name !== '')
  const hosts = []
  let priority = 0
  for (const host of listOf('hosts')) {
    if (host === '+') priority++
    // A host that no list has is one that this version knows nothing of.
    else hosts.push({ host, priority, tls: demands.find((demand) => listOf(demand).includes(host)) ?? 'dane' })
  }
  return { action: pairs.get('action'), hosts, reason: pairs.get('reason') ?? '' }
}

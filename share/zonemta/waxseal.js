// Waxseal for ZoneMTA: copy to plugins/waxseal.js, and see docs/other-mail-servers.md.
'use strict'

const crypto = require('node:crypto')

module.exports.title = 'Waxseal'

/** Decisions of messages under way. */
const decisions = new WeakMap()

/**
 * When hosts did not show what they must, by domain and host: ZoneMTA tries the first that takes a connection, and no other,
 * so that they come last at the next attempt.
 */
const failures = new Map()
const failuresKept = 10_000
const failureMs = 3_600_000
/** More than any preference. */
const last = 65_536

module.exports.init = (app, done) => {
  // Hooks first: ZoneMTA sends while plugins are still loading, and goes on without one that could not be.
  const started = start(app.config)
  install(app, started, require('wild-config').zones)
  started.then(
    () => done(),
    (error) => done(error),
  )
}

/** All that is set beside what ZoneMTA reads itself is for `createWaxseal`. */
async function start({ enabled: _enabled, ordering: _ordering, ...options }) {
  const { createWaxseal } = await import('waxseal')
  return createWaxseal(options)
}

/** Apart from `init`, for who has a Waxseal already. `zones` are those of ZoneMTA's configuration. */
module.exports.install = install

function install(app, waxseal, zones = {}) {
  // Before anything is looked up: which hosts there are, and whether mail may go at all.
  app.addHook('sender:fetch', (delivery, next) => {
    const isRouted = delivery.mx || delivery.http || zones[delivery.sendingZone]?.host
    if (isRouted || delivery.domain.startsWith('[')) return next() // by hand
    void decide(waxseal, delivery).then(next)
  })
  // The last hook before MAIL FROM that can stop a message. A connection that was used before passes it again.
  app.addHook('sender:headers', (delivery, connection, next) => {
    const decision = decisions.get(delivery)
    const fault = decision && judge(decision, connection)
    if (decision !== undefined) note(delivery.domain, connection.options.servername, fault)
    next(fault)
  })
}

/** Undefined when mail may go, or why not. */
async function decide(waxseal, delivery) {
  try {
    const { decision } = await (await waxseal).explain(delivery.domain)
    return prepare(delivery, decision)
  } catch (error) {
    return policyError('defer', `451 4.4.3 ${delivery.domain} cannot be looked up: ${error.message}`)
  }
}

function prepare(delivery, decision) {
  if (decision.action === 'bounce') return policyError('reject', `550 5.1.2 ${decision.text}`)
  const open = decision.hosts.filter(({ action }) => action === 'connect')
  if (decision.action !== 'deliver' || open.length === 0) {
    const [skipped] = decision.hosts
    return policyError('defer', `451 4.7.5 ${decision.text}${skipped ? `: ${skipped.host}: ${skipped.text}` : ''}`)
  }
  decisions.set(delivery, decision)
  delivery.mx = open.map(({ host, preference }) => {
    const failedAt = failures.get(`${delivery.domain} ${host}`)
    const isFailing = failedAt !== undefined && Date.now() - failedAt < failureMs
    return { exchange: host, priority: isFailing ? last + preference : preference, A: [], AAAA: [] }
  })
  delivery.skipSTS = true // judged below, by the policy that is remembered
  return undefined
}

function note(domain, host, fault) {
  const key = `${domain} ${String(host).toLowerCase()}`
  failures.delete(key)
  if (fault === undefined) return
  failures.set(key, Date.now())
  if (failures.size > failuresKept) failures.delete(failures.keys().next().value)
}

/** Undefined, or why the message must not go over this connection. */
function judge({ hosts }, connection) {
  const name = String(connection.options.servername ?? '').toLowerCase()
  const host = hosts.find((one) => one.action === 'connect' && one.host === name)
  if (host === undefined) return policyError('defer', `451 4.7.5 ${name || 'the host'} is no host that mail may reach`)
  if (host.tls === 'may') return undefined
  if (connection.secure !== true) return policyError('defer', `451 4.7.4 ${name} offers no TLS, and must`)
  const socket = connection._socket
  if (!['TLSv1.2', 'TLSv1.3'].includes(socket.getProtocol())) {
    return policyError('defer', `451 4.7.5 ${name} speaks no version of TLS to be believed`)
  }
  switch (host.tls) {
    case 'encrypt':
      return undefined
    case 'pkix':
      // Node judges chain and name also where it is told to go on.
      if (socket.authorized === true) return undefined
      return policyError('defer', `451 4.7.5 ${name}: its certificate is not valid: ${socket.authorizationError}`)
    case 'dane':
      if (matches(host.dane.records, socket.getPeerCertificate().raw)) return undefined
      return policyError('defer', `451 4.7.5 ${name}: its certificate matches none of its DANE-EE records`)
    default:
      return policyError('defer', `451 4.7.5 ${name}: nothing is known of ${host.tls}`)
  }
}

/** DANE-EE alone (RFC 7672 §3.1.1): for DANE-TA the chain has to be built, which cannot be done here. */
function matches(records, der) {
  if (der === undefined) return false
  // Not getPeerX509Certificate: with that Node forgets the certificate, and a connection may be used again.
  const certificate = new crypto.X509Certificate(der)
  return records.some(({ usage, selector, matchingType, data }) => {
    if (usage !== 3) return false
    const part = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
    const digest = [undefined, 'sha256', 'sha512'][matchingType]
    const shown = digest === undefined ? part : crypto.createHash(digest).update(part).digest()
    return Buffer.compare(shown, data) === 0
  })
}

function policyError(action, response) {
  return Object.assign(new Error(response), { response, action, category: 'policy', temporary: action === 'defer' })
}

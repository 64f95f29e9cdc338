import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { limits } from '../../../core/limits.ts'
import type { Credential } from '../../lab/certificates/mint.ts'
import { createDiary } from '../../lab/diary.ts'
import { createMailHost } from '../../lab/hosts/mail-host.ts'
import { answer, policyPath } from '../../lab/hosts/policy-host.ts'
import type { PolicyDeclaration } from '../../lab/world/world.ts'
import { isWithin, type Profile } from './allot.ts'
import type { LiveRounds } from './live-rounds.ts'

/** What an MX host does with connections: it takes mail of rounds under way, notes how it came, and forgets it. */
export function createTestMailHost(
  profile: Profile,
  credential: Credential,
  rounds: LiveRounds,
): (socket: Socket) => void {
  const diary = createDiary()
  const [first = profile.host.name] = profile.names
  const serve = createMailHost({
    ...{ host: { ...profile.host, name: first }, credential, by: 'recipient', diary },
    bounds: { octets: limits.senderTest.sessionOctets, commands: limits.senderTest.sessionCommands },
    accepts: rounds.expects,
    take(message) {
      for (const mailbox of message.to) rounds.note({ ...message, to: [mailbox], host: hostFor(profile, mailbox) })
    },
  })
  return (socket) => {
    serve(socket)
    diary.connected.length = 0
  }
}

/** Which of the hosts at this address a message for this mailbox was meant for. */
function hostFor({ names, host }: Profile, mailbox: string): string {
  const domain = mailbox.slice(mailbox.lastIndexOf('@') + 1).toLowerCase()
  return names.find((name) => isWithin(name, domain)) ?? host.name
}

/** All policy hosts at one address: which one is meant is in SNI and in the Host field. */
export function createPolicyFront(
  policies: ReadonlyMap<string, { readonly policy: PolicyDeclaration; readonly credential: Credential }>,
): Server {
  const { http } = limits
  const contexts = new Map<string, SecureContext>()
  for (const [name, { credential }] of policies) {
    contexts.set(name, createSecureContext({ key: credential.key, cert: credential.chain }))
  }
  const server = createServer(
    {
      SNICallback: (name, done) => done(null, contexts.get(name.toLowerCase())),
      ...{ maxHeaderSize: http.headerOctets, headersTimeout: http.headersMs, requestTimeout: http.requestMs },
      ...{ connectionsCheckingInterval: 1000 },
    },
    (request, response) => {
      const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
      const found = policies.get(name)
      if (found !== undefined && request.url === policyPath) answer(found.policy, response)
      else response.writeHead(404, { 'content-type': 'text/plain', connection: 'close' }).end('not here\n')
    },
  )
  server.maxHeadersCount = http.headers
  server.on('tlsClientError', (_, socket) => socket.destroy())
  return server
}

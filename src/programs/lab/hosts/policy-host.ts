import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Credential } from '../certificates/mint.ts'
import { type Diary, note } from '../diary.ts'
import type { PolicyDeclaration } from '../world/world.ts'

/** The one path that a policy host serves. RFC 8461 §3.3 */
export const policyPath = '/.well-known/mta-sts.txt'

export interface PolicyHostOptions {
  readonly policy: PolicyDeclaration
  readonly credential: Credential
  readonly diary: Diary
}

/** Makes the service of one policy host. It answers as its world says, whatever name the client asks for. */
export function createPolicyHost({ policy, credential, diary }: PolicyHostOptions): (socket: Socket) => void {
  const server = createServer({ key: credential.key, cert: credential.chain }, (request, response) => {
    note(diary.fetched, policy.domain)
    if (request.url === policyPath) answer(policy, response)
    else response.writeHead(404, { 'content-type': 'text/plain', connection: 'close' }).end('not here\n')
  })
  server.on('tlsClientError', (_, socket) => socket.destroy())
  return (socket) => server.emit('connection', socket)
}

/** Writes what a policy's host answers to the one path. */
export function answer(policy: PolicyDeclaration, response: ServerResponse): void {
  response.writeHead(policy.status, {
    connection: 'close',
    ...(policy.type !== undefined && { 'content-type': policy.type }),
    ...(policy.location !== undefined && { location: policy.location }),
  })
  if (policy.endless) response.write(policy.body)
  else response.end(policy.body)
}

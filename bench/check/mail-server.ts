// A mail server with an RSA and an ECDSA certificate, in a process of its own; prints its port and the root that it has.

import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { createDiary } from '../../src/programs/lab/diary.ts'
import { openFront } from '../../src/programs/lab/hosts/front.ts'
import { createMailHost } from '../../src/programs/lab/hosts/mail-host.ts'
import { describeCertificate } from '../../src/programs/lab/world/certificates.ts'
import { hostOf } from '../../src/programs/lab/world/statements.ts'

const mint = await openMint()
const [host] = [hostOf('mx.test', { key: 'rsa', also: 'p256' })]
const [credential, also] = await Promise.all([
  mint.issue(host.certificate),
  mint.issue(describeCertificate(host.name, { key: 'p256' })),
])
const serve = createMailHost({ host, credential, also, by: 'recipient', diary: createDiary() })
const front = await openFront({ address: '127.0.0.1', port: 0 }, serve)
process.stdout.write(`${JSON.stringify({ port: front.endpoint.port, ca: mint.root })}\n`)

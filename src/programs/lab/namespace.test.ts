import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const world = `
zone   example.org
zone   example.org MX 10 mx.example.org
zone   _25._tcp.mx.example.org TLSA 3 1 1 {mx.example.org.spki.sha256}
zone   long.example.org TXT ${Array.from({ length: 8 }, () => `"${'x'.repeat(250)}"`).join(' ')}
host   mx.example.org certificate=self-signed
zone   example.net signed=no
zone   example.net MX 10 mx.example.net
host   mx.example.net address=192.0.2.99,2001:db8::99
policy example.net mx=mx.example.net
`

/**
 * Starts a lab on its own addresses and ports, and meets it as any program would: by Node's own resolver, by a socket,
 * and by the command line, in processes that know nothing of the lab.
 */
const program = `
  const { startLab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.ts'))})
  const { spawn } = await import('node:child_process')
  const { connect } = await import('node:net')
  const { Resolver } = await import('node:dns/promises')
  const { writeFileSync } = await import('node:fs')
  const lab = await startLab(${JSON.stringify(world)}, { place: 'namespace' })
  const [root] = lab.rootHints
  writeFileSync('hints', '. 3600 NS ns.root.\\nns.root. 3600 A ' + root.address + '\\n')
  writeFileSync('anchors', lab.trustAnchors)
  writeFileSync('ca', lab.ca)
  const waxseal = (args, input = '') => new Promise((resolve) => {
    const main = ${JSON.stringify(join(import.meta.dirname, '../cli/main.ts'))}
    const world = ['--engine', 'iterate', '--root-hints', 'hints', '--trust-anchor', 'anchors', '--allow-private']
    const child = spawn(process.execPath, [main, ...args, ...world], { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.on('close', (status) => resolve({ status, output: Buffer.concat(output).toString() }))
  })
  const greetingOf = async (address) => {
    const socket = connect(25, address)
    for await (const greeting of socket) return greeting.toString() // leaving the loop destroys the socket
  }
  const send = (to) =>
    waxseal(['send', '--ca-file', 'ca', '--store', 'policies.db', '-f', 'me@sender.example', to], 'Subject: x\\n\\nhello\\n')
  const stub = new Resolver()
  stub.setServers([lab.forwarder.address])
  const seen = {
    mx: (await stub.resolveMx('example.org')).map(({ priority, exchange }) => priority + ' ' + exchange),
    greetings: [await greetingOf('192.0.2.99'), await greetingOf('2001:db8::99')],
    long: (await waxseal(['dns', '--json', 'long.example.org', 'TXT'])).output.includes('"status":"secure"'),
    dane: (await send('a@example.org')).status,
    sts: (await send('b@example.net')).status,
  }
  await lab.attack({ kind: 'strip-starttls', target: 'mx.example.org' })
  await lab.attack({ kind: 'swap-certificate', target: 'mx.example.net', certificate: 'self-signed' })
  const attacked = { dane: (await send('c@example.org')).status, sts: (await send('d@example.net')).status }
  const received = lab.received.map(({ host, to, tls }) => [host, ...to, tls?.protocol].join(' '))
  const used = { fetched: lab.diary.fetched, transports: [...new Set(lab.diary.asked.map(({ transport }) => transport))] }
  await lab.close()
  process.stdout.write(JSON.stringify({ seen, attacked, received, used }))
`

test('in a network namespace any program finds the world on ports 25, 53 and 443', (context) => {
  if (spawnSync('unshare', ['-rn', 'ip', 'link']).status !== 0) {
    return context.skip('unshare -rn or ip does not work here')
  }
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-namespace-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const child = spawnSync('unshare', ['-rn', process.execPath, '--input-type=module', '-e', program], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
  })
  assert.equal(child.stderr, '')
  assert.deepEqual(JSON.parse(child.stdout), {
    seen: {
      mx: ['10 mx.example.org'],
      greetings: ['220 mx.example.net ESMTP\r\n', '220 mx.example.net ESMTP\r\n'],
      long: true,
      dane: 0,
      sts: 0,
    },
    attacked: { dane: 75, sts: 75 },
    received: ['mx.example.org a@example.org TLSv1.3', 'mx.example.net b@example.net TLSv1.3'],
    used: { fetched: ['example.net'], transports: ['udp', 'tcp'] },
  })
  assert.equal(child.status, 0)
  return assert.deepEqual(
    readdirSync(folder).filter((file) => !/^(?:anchors|ca|hints|policies\.db.*)$/.test(file)),
    [],
  )
})

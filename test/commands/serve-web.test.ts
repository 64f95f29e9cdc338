// The checker's page of `waxseal serve` in a lab, over real sockets.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { limits } from '../../src/core/limits.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Answer, type AskOptions, ask, type Served, serveIn } from '../support/served.ts'

const world = `
world  Domains to be checked
zone   friends.example
zone   friends.example MX 10 mx.friends.example
zone   _25._tcp.mx.friends.example TLSA 3 1 1 {mx.friends.example.spki.sha256}
zone   _smtp._tls.friends.example TXT "v=TLSRPTv1; rua=mailto:<script>@friends.example"
zone   _mta-sts.friends.example TXT "v=STSv1; id=<script>alert(1)</script>"
host   mx.friends.example certificate=self-signed
zone   bank.example
zone   bank.example MX 10 mx.bank.example
host   mx.bank.example
zone   shy.example
zone   shy.example MX 10 mx.shy.example
host   mx.shy.example
zone   guest.example
zone   guest.example MX 10 mx.shy.example
zone   slow.example
zone   slow.example MX 10 mx.slow.example
host   mx.slow.example temper=slow
zone   paint.example
zone   paint.example MX 10 mx.paint.example
host   mx.paint.example temper=painting greeting="220 <script>alert(1)</script> ESMTP"
`

let lab: Lab
let commands: LabCommands
let served: Served
let port: number

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
  const optOut = join(commands.folder, 'opt-out')
  writeFileSync(optOut, 'shy.example\nmx.shy.example # by mail\n')
  const args = [
    '--web',
    '127.0.0.1:0',
    '--web-opt-out',
    optOut,
    '--web-proxy',
    '127.0.0.1',
    '--web-url',
    'https://c.example',
  ]
  served = await serveIn(commands, { args })
  await served.hear("for the checker's page")
  port = Number(/listening on [\d.]+:(\d+) for the checker/.exec(served.heard())?.[1])
})

after(async () => {
  await served.stop()
  commands.close()
  await lab.close()
})

const get = (path: string, options: AskOptions = {}) => ask({ host: '127.0.0.1', port }, path, options)

function post(fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return get('/checks', {
    method: 'POST',
    headers: { ...type, ...headers },
    body: new URLSearchParams(fields).toString(),
  })
}

/** The place of a report that is done. */
async function checked(fields: Record<string, string>): Promise<string> {
  const started = await post(fields)
  assert.equal(started.status, 303, started.text)
  const path = String(started.headers.location)
  const page = await get(path) // streams until it is done
  assert.match(page.text, /<\/html>\s*$/)
  return path
}

const json = { accept: 'application/json' }

test('a form leads to a report: progress first, then the report in the same page', async () => {
  const started = await post({ domain: 'post@Friends.Example' })
  const path = String(started.headers.location)
  assert.match(path, /^\/checks\/[A-Za-z0-9_-]{22}$/)
  const page = await get(path)
  assert.equal(page.status, 200)
  const places = [
    'Checking friends.example',
    'MX hosts and DNSSEC</strong>',
    'Mail servers</strong>',
    '<article class="report"',
  ]
  const found = places.map((words) => page.text.indexOf(words))
  assert.ok(
    found.every((place) => place > 0),
    `${found}`,
  )
  assert.deepEqual(found.toSorted((one, other) => one - other).at(-1), found.at(-1))
  const again = await get(path)
  assert.doesNotMatch(again.text, /class="progress"/)
  assert.match(again.text, /<article class="report"/)
})

test('the report is JSON for who accepts that, and under a name that says so', async () => {
  const path = await checked({ domain: 'friends.example' })
  for (const answer of [await get(path, { headers: json }), await get(`${path}.json`)]) {
    assert.equal(answer.headers['content-type'], 'application/json')
    const { schema, domain } = answer.json as Record<string, unknown>
    assert.deepEqual([schema, domain], ['waxseal.check/1', 'friends.example'])
  }
})

test('a program is told where the report will be, and how far it is', async () => {
  const started = await post({ domain: 'bank.example' }, json)
  assert.equal(started.status, 202)
  const { path, url } = started.json as Record<string, string>
  assert.equal(url, `https://c.example${path}`)
  const first = await get(String(path), { headers: json })
  if (first.status === 202) assert.equal((first.json as { schema: string }).schema, 'waxseal.check-progress/1')
  await get(String(path))
  assert.equal((await get(String(path), { headers: json })).status, 200)
})

test('who asks for the same domain within minutes gets the same report', async () => {
  assert.equal(await checked({ domain: 'friends.example' }), await checked({ domain: 'FRIENDS.example.' }))
})

test('a private report has a link of its own, and is in no list, badge or search engine', async () => {
  const path = await checked({ domain: 'guest.example', private: 'yes' })
  const page = await get(path)
  assert.equal(page.headers['x-robots-tag'], 'noindex, noarchive')
  assert.match(page.text, /<meta name="robots" content="noindex">/)
  assert.doesNotMatch((await get('/')).text, /guest\.example/)
  assert.match((await get('/badge/guest.example.svg')).text, /not checked/)
  assert.equal((await get('/domains/guest.example')).status, 404)
  const open = await checked({ domain: 'guest.example' })
  assert.notEqual(open, path)
  assert.match((await get('/')).text, /guest\.example/)
  assert.equal((await get('/domains/guest.example')).headers.location, open)
  assert.match((await get(path)).text, /Private report/)
})

test('a badge has the verdict, and pages of others may show it', async () => {
  await checked({ domain: 'friends.example' })
  const badge = await get('/badge/friends.example.svg')
  assert.equal(badge.headers['content-type'], 'image/svg+xml')
  assert.equal(badge.headers['cross-origin-resource-policy'], 'cross-origin')
  const { verdict } = (await get(`${await checked({ domain: 'friends.example' })}.json`)).json as { verdict: string }
  assert.match(badge.text, new RegExp(verdict.split('-')[0] ?? ''))
})

test('chains of trust are pictures that bring in nothing', async () => {
  const path = await checked({ domain: 'friends.example' })
  const [, picture = ''] = /<img src="(\/checks\/[^"]+\.svg)"/.exec((await get(path)).text) ?? []
  const svg = await get(picture)
  assert.equal(svg.status, 200)
  assert.match(String(svg.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-[^']+'/)
  assert.equal((await get(picture.replace(/\d\.svg/, '9.svg'))).status, 404)
})

test('set-up instructions have the names and keys of the domain in them', async () => {
  const page = await get(`${await checked({ domain: 'bank.example' })}/setup`)
  assert.equal(page.status, 200)
  for (const words of [
    /_25\._tcp\.mx\.bank\.example\. IN TLSA 3 1 1 [0-9a-f]{64}/,
    /_mta-sts\.bank\.example\. IN TXT &#34;v=STSv1; id=\d+Z[0-9a-f]+;&#34;/,
    /mx: mx\.bank\.example/,
    /_smtp\._tls\.bank\.example\. IN TXT/,
    /smtpd_tls_chain_files =\n {4}\/etc\/letsencrypt\/live\/mx\.bank\.example-ecdsa\/privkey\.pem, /,
    /server_name mta-sts\.bank\.example;/,
    /zone &#34;bank\.example&#34;/,
    /tls_advertise_hosts = \*/,
    /mta-sts\.bank\.example \{/,
  ])
    assert.match(page.text, words)
  // What stands escaped cannot be pasted.
  assert.doesNotMatch(page.text, /\\x[0-9a-f]{2}/)
})

test('what servers say is text on every page', async () => {
  const path = await checked({ domain: 'friends.example' })
  for (const page of [await get(path), await get(`${path}/setup`), await get('/')]) {
    assert.doesNotMatch(page.text, /<script/i)
    const policy = String(page.headers['content-security-policy'])
    assert.match(
      policy,
      /^default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    assert.equal(page.headers['referrer-policy'], 'no-referrer')
    assert.equal(page.headers['set-cookie'], undefined)
  }
  assert.match((await get(path)).text, /&#60;script&#62;/)
})

test('what a host paints is written out on pages, and in JSON as JSON has it', async () => {
  const path = await checked({ domain: 'paint.example' })
  for (const page of [await get(path), await get(`${path}/setup`), await get(path, { headers: json })]) {
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.text, /[^\P{Cc}\n]|\p{Bidi_Control}/u)
    if (page.headers['content-type'] !== 'application/json') assert.doesNotMatch(page.text, /<script/i)
  }
})

const wrong: [why: string, text: string][] = [
  ['nothing', ''],
  ['two dots', 'a..b'],
  ['an address literal', '127.0.0.1'],
  ['an IPv6 address', '[::1]'],
  ['a name without a dot', 'localhost'],
  ['script', '"><script>alert(1)</script>.example'],
  ['a very long text', 'a'.repeat(2000)],
]
for (const [why, text] of wrong) {
  test(`the form refuses ${why}, says why, and keeps what was written`, async () => {
    const answer = await post({ domain: text })
    assert.equal(answer.status, 400)
    assert.match(answer.text, /aria-invalid="true"/)
    assert.doesNotMatch(answer.text, /<script/)
    assert.equal((await post({ domain: text }, json)).headers['content-type'], 'application/problem+json')
  })
}

test('who does not want to be checked is left alone, politely', async () => {
  const answer = await post({ domain: 'shy.example' })
  assert.equal(answer.status, 403)
  assert.match(answer.text, /asked that it not be checked here/)
  const { status } = await get('/domains/shy.example')
  assert.equal(status, 403)
})

test('an MX host of who does not want it is not connected to', async () => {
  const path = await checked({ domain: 'guest.example' })
  const { verdict, leftOut, grid } = (await get(`${path}.json`)).json as {
    verdict: string
    leftOut: string[]
    grid: { addresses: { connect: { text: string } }[] }[]
  }
  assert.equal(verdict, 'undetermined')
  assert.ok(leftOut.some((text) => text.includes('mx.shy.example, whose owner asked to be left alone')))
  assert.equal(grid[0]?.addresses[0]?.connect.text, 'not tried')
})

test('one client may start so many checks, and read as many reports as it likes', async () => {
  const from = { 'x-forwarded-for': '203.0.113.77' }
  const statuses = []
  for (let at = 0; at <= limits.web.checksBurst; at++) {
    statuses.push((await post({ domain: `d${at}.nowhere.example` }, from)).status)
  }
  assert.deepEqual(statuses, [...Array.from({ length: limits.web.checksBurst }, () => 303), 429])
  const refused = await post({ domain: 'e.nowhere.example' }, from)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal((await post({ domain: 'd0.nowhere.example' }, from)).status, 303)
  assert.equal((await get('/', { headers: from })).status, 200)
})

test('one client may ask for so many pages at once', async () => {
  const from = { 'x-forwarded-for': '2001:db8::1' }
  const statuses = new Set<number>()
  for (let at = 0; at < limits.web.burst + 50; at++) {
    const { status } = await get('/icon.svg', { headers: { 'x-forwarded-for': `2001:db8::${at.toString(16)}` } })
    statuses.add(status)
  }
  assert.ok(statuses.has(429))
  assert.equal((await get('/', { headers: from })).status, 429)
  assert.equal((await get('/', { headers: { 'x-forwarded-for': '2001:db8:0:1::1' } })).status, 200)
})

const requests: [why: string, path: string, options: AskOptions, status: number][] = [
  ['a page that is not there', '/v1/destinations', {}, 404],
  ['the metrics of the service', '/metrics', {}, 404],
  ['a path that climbs', '/help/../../package.json', {}, 404],
  ['a path in escapes', '/help/%2e%2e%2fpackage', {}, 404],
  ['a help page of no finding', '/help/package', {}, 404],
  ['a report that never was', `/checks/${'A'.repeat(22)}`, {}, 404],
  ['a report by a short id', '/checks/A', {}, 404],
  ['another method', '/', { method: 'DELETE' }, 405],
  [
    'a form sent to where none is',
    '/about',
    { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    405,
  ],
  ['JSON for a form', '/checks', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 415],
  [
    'a form from another site',
    '/checks',
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
      body: 'domain=bank.example',
    },
    403,
  ],
  [
    'a form that is too long',
    '/checks',
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `domain=${'a'.repeat(limits.web.formOctets)}`,
    },
    413,
  ],
  ['an absolute target', 'http://other.example/', {}, 400],
]
for (const [why, path, options, status] of requests) {
  test(`the page answers ${status} to ${why}`, async () => assert.equal((await get(path, options)).status, status))
}

test('HEAD gets the headers of a page alone, and of a check that goes on too', async () => {
  const head = await get('/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
})

test('who goes away in the middle takes nothing with him', async () => {
  const started = await post({ domain: 'away.nowhere.example' }, { 'x-forwarded-for': '198.51.100.9' })
  const path = String(started.headers.location)
  await new Promise<void>((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path }, (response) => {
      response.once('data', () => asking.destroy())
    })
    asking.once('close', resolve)
    asking.on('error', () => {})
    asking.end()
  })
  assert.match((await get(path)).text, /<article class="report"/)
})

test('the page refuses to have private addresses connected to for visitors, unless it is told so', async () => {
  const options = ['--web', '127.0.0.1:0', '--allow-private', '--http', '127.0.0.1:0', '--store', ':memory:']
  const ended = await commands.run([
    'serve',
    '--socketmap',
    join(commands.folder, 'other'),
    ...options,
    ...commands.iterate,
  ])
  assert.equal(ended.status, 78)
  assert.match(ended.stderr, /web-allow-private/)
})

test('another configuration takes effect: who asked meanwhile to be left alone is', async () => {
  const optOut = join(commands.folder, 'later')
  writeFileSync(optOut, '')
  const other = await serveIn(commands, { args: ['--web', '127.0.0.1:0', '--web-opt-out', optOut] })
  await other.hear("for the checker's page")
  const at = Number(/listening on [\d.]+:(\d+) for the checker/.exec(other.heard())?.[1])
  const form = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'domain=bank.example',
  }
  const before = await ask({ host: '127.0.0.1', port: at }, '/checks', form)
  assert.equal(before.status, 303)
  writeFileSync(optOut, 'bank.example\n')
  other.reload()
  await other.hear('the configuration was read again')
  const after = await ask({ host: '127.0.0.1', port: at }, '/checks', form)
  assert.equal(after.status, 403)
  writeFileSync(optOut, 'no name at all\n')
  other.reload()
  await other.hear('the configuration stays as it was')
  assert.equal((await ask({ host: '127.0.0.1', port: at }, '/checks', form)).status, 403)
  await other.stop()
})

test('the service ends while a check goes on, and says so on its page', async () => {
  const other = await serveIn(commands, { args: ['--web', '127.0.0.1:0'] })
  await other.hear("for the checker's page")
  const at = Number(/listening on [\d.]+:(\d+) for the checker/.exec(other.heard())?.[1])
  const form = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'domain=slow.example',
  }
  const started = await ask({ host: '127.0.0.1', port: at }, '/checks', form)
  const page = new Promise<string>((resolve) => {
    request({ host: '127.0.0.1', port: at, path: String(started.headers.location) }, (response) => {
      let text = ''
      response.on('data', (piece) => {
        if (text === '') other.stop().catch(() => {})
        text += String(piece)
      })
      response.on('end', () => resolve(text))
    }).end()
  })
  assert.match(await page, /The check was given up/)
  assert.equal((await other.stop()).status, 0)
})

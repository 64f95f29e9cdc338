// The checker's page in Debian's Chromium, end to end in a lab: without a script, in both themes, as axe sees it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { type Served, serveIn } from '../support/served.ts'

const world = `
world  Domains to be looked at in a browser
zone   good.example
zone   good.example MX 10 mx.good.example
zone   _25._tcp.mx.good.example TLSA 3 1 1 {mx.good.example.spki.sha256}
zone   _smtp._tls.good.example TXT "v=TLSRPTv1; rua=mailto:tls@good.example"
host   mx.good.example
policy good.example mx=mx.good.example
zone   bad.example
zone   bad.example MX 10 mx.bad.example
zone   bad.example MX 20 a-host-with-a-name-that-is-longer-than-most-others-are.bad.example
zone   _25._tcp.mx.bad.example TLSA 3 1 1 {mx.good.example.spki.sha256}
zone   _mta-sts.bad.example TXT "v=STSv1; id=<script>alert(1)</script>"
zone   _smtp._tls.bad.example TXT "v=TLSRPTv1; rua=mailto:<img src=x onerror=alert(1)>"
host   mx.bad.example certificate=self-signed
zone   slow.example
zone   slow.example MX 10 mx.slow.example
host   mx.slow.example temper=slow
host   a-host-with-a-name-that-is-longer-than-most-others-are.bad.example starttls=no
`

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let lab: Lab
let commands: LabCommands
let served: Served
let browser: Browser
let base: string
/** Places of reports that are there. */
const reports: Record<'good' | 'bad' | 'private', string> = { good: '', bad: '', private: '' }

before(async () => {
  lab = await startLab(world)
  commands = commandsIn(lab)
  const args = ['--web', '127.0.0.1:0', '--web-proxy', '127.0.0.1', '--web-contact', 'postmaster@check.example']
  served = await serveIn(commands, { args })
  await served.hear("for the checker's page")
  const [, port = ''] = /listening on [\d.]+:(\d+) for the checker/.exec(served.heard()) ?? []
  base = `http://127.0.0.1:${port}`
  // Tests run as root in namespaces of their own, where Chromium's sandbox finds nothing to stand on.
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
})

after(async () => {
  await browser?.close()
  await served?.stop()
  commands?.close()
  await lab?.close()
})

let visitors = 0

/** A visitor of their own, so that one test takes nothing from the rates of another; who sees nothing that is wrong. */
async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  visitors += 1
  const from = { 'x-forwarded-for': `198.51.100.${visitors}` }
  const context = await browser.newContext({ extraHTTPHeaders: from, ...options })
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) wrong.push(`asked for ${request.url()}`)
  })
  page.on('console', (message) => {
    // Chromium says so of every status beyond 399.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(message.text())
  })
  page.on('dialog', (dialog) => {
    wrong.push(`a script ran: ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
  page.on('close', () => assert.deepEqual(wrong, []))
  await page.goto(base + path)
  return page
}

async function leave(page: Page): Promise<void> {
  assert.deepEqual(await page.context().cookies(), [])
  await page.close()
  await page.context().close()
}

test('without a script, a form leads to progress and then to the report, in one page', async () => {
  const page = await visit('/', { javaScriptEnabled: false })
  await page.getByLabel('Domain').fill('bad.example')
  await page.getByRole('button', { name: 'Check' }).click()
  // The section that connects to hosts takes a second at least, by the pauses between connections.
  await page.locator('.steps li').first().waitFor({ state: 'visible' })
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Checking bad.example')
  await page.locator('article.report').waitFor()
  await page.locator('.progress').waitFor({ state: 'hidden' })
  assert.match((await page.getByRole('heading', { level: 1 }).textContent()) ?? '', /may pass in clear/)
  assert.match(page.url(), /\/checks\/[A-Za-z0-9_-]{22}$/)
  reports.bad = new URL(page.url()).pathname
  await leave(page)
})

test('by keyboard alone, the first stop leads past the navigation, and Enter sends the form', async () => {
  const page = await visit('/')
  await page.keyboard.press('Tab')
  assert.equal(await page.locator(':focus').textContent(), 'Skip to the content')
  for (let stops = 0; stops < 10 && (await page.locator('#domain:focus').count()) === 0; stops++)
    await page.keyboard.press('Tab')
  await page.keyboard.type('good.example')
  await page.keyboard.press('Enter')
  await page.locator('article.report').waitFor()
  reports.good = new URL(page.url()).pathname
  await leave(page)
})

test('a private report says so, and is not on the first page', async () => {
  const page = await visit('/')
  await page.getByLabel('Domain').fill('good.example')
  await page.getByLabel('Private report').check()
  await page.keyboard.press('Enter')
  await page.getByText('Private report.').waitFor()
  reports.private = new URL(page.url()).pathname
  await page.getByRole('link', { name: 'Waxseal' }).first().click()
  const links = await page.locator('.lately a').evaluateAll((all) => all.map((one) => one.getAttribute('href')))
  assert.ok(links.includes(reports.good) && !links.includes(reports.private), String(links))
  await leave(page)
})

test('what servers say is text: no script of theirs runs', async () => {
  const page = await visit(reports.bad)
  assert.match((await page.locator('article.report').textContent()) ?? '', /<script>alert\(1\)<\/script>/)
  assert.equal(await page.locator('script, article.report img, iframe').count(), 0)
  await leave(page)
})

test('pictures load: the icon, the badge, the chains of trust', async () => {
  const page = await visit(reports.good)
  const widths = await page.evaluate<number[]>('[...document.images].map((image) => image.naturalWidth)')
  assert.ok(widths.length >= 3 && widths.every((width) => width > 0), String(widths))
  await leave(page)
})

test('the report is JSON for a program, and its set-up page names its keys', async () => {
  const page = await visit(reports.good)
  const answer = await page.request.get(base + reports.good, { headers: { accept: 'application/json' } })
  assert.equal(((await answer.json()) as { verdict: string }).verdict, 'protected')
  await page.getByRole('link', { name: 'Set-up instructions' }).click()
  await page.getByText('_25._tcp.mx.good.example. IN TLSA 3 1 1').first().waitFor()
  await page.locator('summary', { hasText: 'Postfix' }).click()
  await page.getByText('smtpd_tls_chain_files').waitFor()
  await leave(page)
})

test('printed, a report is all there: no navigation, and what was folded away is open', async () => {
  const page = await visit(reports.bad)
  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('header.site').isVisible(), false)
  assert.equal(await page.locator('details:not([open]) dl').first().isVisible(), true)
  const pdf = await page.pdf({ format: 'A4' })
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
  await leave(page)
})

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe finds wrong, one line each. */
async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    return (await axe.run()).violations
  })
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} (${node.failureSummary})`))
}

const states: [name: string, path: () => string][] = [
  ['the form', () => '/'],
  ['the report of a protected domain', () => reports.good],
  ['the report of a domain with faults', () => reports.bad],
  ['a private report', () => reports.private],
  ['set-up instructions', () => `${reports.bad}/setup`],
  ['the help', () => '/help'],
  ['a page of help', () => '/help/tlsa-mismatch'],
  ['the page about us', () => '/about'],
  ['a page that is not there', () => '/nothing'],
  ['a domain without a report', () => '/domains/other.example'],
]

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`every page is clean to axe and fits, ${colorScheme} at ${width} px`, async () => {
      const page = await visit('/', { colorScheme, viewport: { width, height: 800 } })
      for (const [name, path] of states) {
        await page.goto(base + path())
        assert.deepEqual(await violationsIn(page), [], name)
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
        assert.ok(wide <= width, `${name} is ${wide} px wide`)
      }
      await leave(page)
    })
  }

  test(`a form that is refused, and progress, are clean to axe, ${colorScheme}`, async () => {
    const page = await visit('/', { colorScheme, viewport: { width: 360, height: 800 } })
    await page.getByLabel('Domain').fill('a..b')
    await page.keyboard.press('Enter')
    await page.getByText('two dots stand together').waitFor()
    assert.equal(await page.getByLabel('Domain').inputValue(), 'a..b')
    assert.deepEqual(await violationsIn(page), [])
    // Its host says an octet a second: the page goes on for as long as anybody looks.
    await page.getByLabel('Domain').fill('slow.example')
    await page.keyboard.press('Enter')
    await page.locator('.steps li').first().waitFor({ state: 'visible' })
    assert.deepEqual(await violationsIn(page), [])
    await leave(page)
  })
}

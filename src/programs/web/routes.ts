import { createHash } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import { type DomainName, formatDomain, parseDomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import type { Offer } from './accept.ts'
import { type Answer, htmlAnswer, jsonAnswer, redirect, refusal, svgAnswer } from './answer.ts'
import { icon, iconPath, style, stylePath } from './assets.ts'
import { badge } from './badge.ts'
import type { Checks, FoundCheck } from './checks.ts'
import type { HelpPages } from './help.ts'
import { renderMarkdown } from './markdown.ts'
import type { OptOut } from './opt-out.ts'
import { type AboutFacts, aboutPage, findingPage, helpPage } from './pages/plain-pages.ts'
import { reportPage } from './pages/report-page.ts'
import { setupPage } from './pages/setup-page.ts'
import { startPage } from './pages/start-page.ts'
import { streamProgress } from './progress.ts'

/** What all routes know. */
export interface Site {
  readonly checks: Checks
  readonly help: HelpPages
  readonly about: AboutFacts
  /** Where others reach the page, without a slash at its end; undefined when the operator has not said. */
  readonly url: string | undefined
  readonly optOut: OptOut
  /** Takes from what a client may check: in how many seconds it may again, undefined when it may now. */
  takeCheck(client: string): number | undefined
}

/** A request, as far as anybody here is concerned. */
export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query: URLSearchParams
  /** Fields of a form; empty for GET. */
  readonly form: URLSearchParams
  readonly offer: Offer
  readonly client: string
}

interface Route {
  readonly method: Question['method']
  readonly path: RegExp
  answer(site: Site, question: Question, part: string): Answer | Promise<Answer>
}

const id = '([A-Za-z0-9_-]{22})'

const routes: readonly Route[] = [
  { method: 'GET', path: /^\/$/, answer: answerStart },
  { method: 'POST', path: /^\/checks$/, answer: answerForm },
  { method: 'GET', path: new RegExp(`^/checks/${id}$`), answer: answerCheck },
  {
    ...{ method: 'GET', path: new RegExp(`^/checks/${id}\\.json$`) },
    answer: (site, question, part) => answerCheck(site, { ...question, offer: 'application/json' }, part),
  },
  { method: 'GET', path: new RegExp(`^/checks/${id}/setup$`), answer: answerSetup },
  { method: 'GET', path: new RegExp(`^/checks/(${id.slice(1, -1)}/chain-\\d)\\.svg$`), answer: answerChain },
  { method: 'GET', path: /^\/domains\/([A-Za-z0-9._-]{1,255})$/, answer: answerDomain },
  { method: 'GET', path: /^\/badge\/([A-Za-z0-9._-]{1,255})\.svg$/, answer: answerBadge },
  {
    ...{ method: 'GET', path: /^\/help$/ },
    answer: ({ help }) => htmlAnswer(helpPage(help.findings, help.has), 200, kept),
  },
  { method: 'GET', path: /^\/help\/([a-z0-9-]{1,64})$/, answer: answerHelp },
  { method: 'GET', path: /^\/about$/, answer: ({ about }) => htmlAnswer(aboutPage(about), 200, kept) },
  {
    ...{ method: 'GET', path: exactly(stylePath) },
    answer: () => ({ status: 200, type: 'text/css; charset=utf-8', body: style, headers: forever }),
  },
  { method: 'GET', path: exactly(iconPath), answer: () => svgAnswer(icon, undefined, kept) },
]

const kept = { 'cache-control': 'public, max-age=3600' }
const forever = { 'cache-control': 'public, max-age=31536000, immutable' }

function exactly(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.')}$`)
}

export async function answerQuestion(site: Site, question: Question): Promise<Answer> {
  const fitting = routes.filter(({ path }) => path.test(question.path))
  const route = fitting.find(({ method }) => method === question.method)
  if (route !== undefined) return route.answer(site, question, route.path.exec(question.path)?.[1] ?? '')
  if (fitting.length === 0) return refusal(question, 404, 'Not found', 'There is no such page here.')
  const allow = fitting.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
  return refusal(question, 405, 'Not possible', 'This cannot be done here.', { allow })
}

async function answerStart({ checks }: Site, { query }: Question): Promise<Answer> {
  const text = query.get('domain') ?? ''
  return htmlAnswer(startPage({ text, isPrivate: query.get('private') === 'yes' }, await checks.list()))
}

async function answerForm(site: Site, question: Question): Promise<Answer> {
  const { form, offer, client } = question
  const text = (form.get('domain') ?? '').trim()
  const isPrivate = form.get('private') === 'yes'
  const domain = readDomain(text)
  if (typeof domain !== 'string') return answerFault(question, domain.fault)
  if (site.optOut.domain(domain)) return optedOut(question, domain)
  if (site.checks.wouldBegin(domain)) {
    const seconds = site.takeCheck(client)
    if (seconds !== undefined) return tooMany(question, seconds)
  }
  const started = await site.checks.start({ domain, isPrivate })
  if (started === undefined) {
    const why = 'So many domains are being checked that yours would wait too long. Try again in a minute.'
    return refusal(question, 503, 'Too busy', why, { 'retry-after': '60' })
  }
  const path = `/checks/${started}`
  if (offer === 'text/html') return redirect(path)
  const json = {
    schema: 'waxseal.check-started/1',
    id: started,
    path,
    url: site.url === undefined ? null : site.url + path,
  }
  return jsonAnswer(json, 202, { location: path })
}

/** An address is taken for its domain: it is what most people have at hand. */
function readDomain(text: string): DomainName | { readonly fault: string } {
  const name = text
    .slice(text.lastIndexOf('@') + 1)
    .replace(/^https?:\/\//i, '')
    .replace(/\/$/, '')
  if (name === '') return { fault: 'Write the name of a domain, such as example.org' }
  const domain = parseDomainName(name)
  if (!domain.ok) return { fault: `"${escapeText(name.slice(0, 80))}" is no domain name: ${faults[domain.fault]}` }
  return domain.value.includes('.') ? domain.value : { fault: `"${domain.value}" has no dot in it` }
}

const faults = {
  ...{
    empty: 'there is nothing',
    'empty-label': 'two dots stand together',
    'label-too-long': 'a part of it is too long',
  },
  ...{ 'too-long': 'it is too long', 'bad-character': 'it has a character that none may have' },
  ...{ 'bad-hyphen': 'a hyphen stands where none may', 'bad-idna': 'it cannot be written in DNS' },
  'address-literal': 'it is an address',
}

async function answerFault(question: Question, fault: string): Promise<Answer> {
  const { form, offer } = question
  if (offer !== 'text/html') return refusal(question, 400, 'Not a domain', `${fault}.`)
  const state = { text: (form.get('domain') ?? '').slice(0, 255), isPrivate: form.get('private') === 'yes', fault }
  return htmlAnswer(startPage(state, []), 400)
}

function optedOut(question: Question, domain: DomainName): Answer {
  const text = `Who runs ${formatDomain(domain)} asked that it not be checked here. On your own machine, waxseal check looks at whatever you ask it to.`
  return refusal(question, 403, 'This domain is left alone', text)
}

function tooMany(question: Question, seconds: number): Answer {
  const text = `You have started many checks. The next one may begin in ${seconds} seconds; reports that are there can be read all the time.`
  return refusal(question, 429, 'Too many checks', text, { 'retry-after': String(seconds) })
}

async function answerCheck(site: Site, question: Question, part: string): Promise<Answer> {
  const found = await site.checks.find(part)
  const isJson = question.offer === 'application/json'
  if (found === undefined) return gone(question)
  const headers = headersFor(found)
  if (found.kind === 'done') {
    const { kept: check, isPrivate } = found
    if (isJson) return jsonAnswer(check.report, 200, headers)
    return htmlAnswer(reportPage({ id: part, kept: check, isPrivate, url: site.url }), 200, headers)
  }
  const { run, isPrivate } = found
  if (isJson || run.state === 'ended') return answerUnderWay(question, found)
  const full = run.watchers >= limits.web.watchers
  if (full) return refusal(question, 503, 'Too many watch this', 'Look again in a minute.', { 'retry-after': '60' })
  return { stream: (response) => streamProgress(run, response, { id: part, isPrivate, url: site.url }), headers }
}

/** Of a run that ended here, it ended without a result. */
function answerUnderWay(question: Question, { run }: Extract<FoundCheck, { kind: 'running' }>): Answer {
  if (run.state === 'ended') {
    const text = `The check of ${run.domain} was given up: the service was stopped or has a new configuration. Start it again.`
    return refusal(question, 503, 'The check was given up', text)
  }
  const done = run.steps.map(({ section, text }) => ({ section, text }))
  const json = { schema: 'waxseal.check-progress/1', domain: run.domain, state: run.state, done }
  return jsonAnswer(json, 202, { 'retry-after': '5' })
}

function headersFor({ isPrivate }: FoundCheck): Record<string, string> {
  return isPrivate ? { 'x-robots-tag': 'noindex, noarchive' } : {}
}

function gone(question: Question): Answer {
  const text = 'There is no such report, or it is older than 30 days. Check the domain again.'
  return refusal(question, 404, 'No such report', text)
}

async function findDone(site: Site, part: string) {
  const found = await site.checks.find(part)
  return found?.kind === 'done' ? found : undefined
}

async function answerSetup(site: Site, question: Question, part: string): Promise<Answer> {
  const found = await findDone(site, part)
  if (found === undefined) return gone(question)
  return htmlAnswer(setupPage(found.kept.setup, { id: part, isPrivate: found.isPrivate }), 200, headersFor(found))
}

async function answerChain(site: Site, question: Question, part: string): Promise<Answer> {
  const [of = '', which = ''] = part.split('/chain-')
  const found = await findDone(site, of)
  const chain = found?.kept.chains[Number(which)]
  if (found === undefined || chain === undefined) return gone(question)
  const own = /<style>([^<]*)<\/style>/.exec(chain.svg)?.[1] ?? ''
  return svgAnswer(chain.svg, createHash('sha256').update(own).digest('base64'), headersFor(found))
}

async function answerDomain(site: Site, question: Question, part: string): Promise<Answer> {
  const domain = parseDomainName(part)
  if (!domain.ok) return refusal(question, 404, 'Not a domain', 'This is no domain name.')
  if (site.optOut.domain(domain.value)) return optedOut(question, domain.value)
  const latest = await site.checks.latest(domain.value)
  if (latest !== undefined) return redirect(`/checks/${latest.id}`)
  if (question.offer !== 'text/html') return refusal(question, 404, 'Not checked', 'There is no public report.')
  return htmlAnswer(startPage({ text: domain.value, isPrivate: false }, []), 404)
}

async function answerBadge(site: Site, question: Question, part: string): Promise<Answer> {
  const domain = parseDomainName(part)
  if (!domain.ok) return refusal(question, 404, 'Not a domain', 'This is no domain name.')
  const isUnwanted = site.optOut.domain(domain.value)
  const latest = isUnwanted ? undefined : await site.checks.latest(domain.value)
  // Meant for pages of others.
  const headers = { 'cache-control': 'public, max-age=300', 'cross-origin-resource-policy': 'cross-origin' }
  return svgAnswer(badge(domain.value, latest?.verdict), undefined, headers)
}

function answerHelp({ help }: Site, question: Question, part: string): Answer {
  const finding = help.findings.find((one) => one.id === part)
  const text = help.text(part)
  if (finding === undefined) return refusal(question, 404, 'Not found', 'There is no such finding.')
  const fallback = `# ${finding.title}\n\nThe standard: ${finding.rfc}.`
  return htmlAnswer(findingPage(finding, renderMarkdown(text ?? fallback)), 200, kept)
}

import type { SectionName } from '../check-facts.ts'
import type { CheckReport, Finding, ProtocolLine, SenderRow } from '../report.ts'
import { findingText } from './finding-text.ts'
import { urgencyOf } from './words.ts'
import { element, textElement } from './xml.ts'

/** One test of a report, and what came of it. */
interface Case {
  readonly name: string
  readonly group: 'verdict' | 'protocol' | 'sender' | 'finding'
  /** Undefined when it passed. */
  readonly result: Result | undefined
}

interface Result {
  readonly kind: 'failure' | 'error' | 'skipped'
  readonly message: string
  readonly type: string
  readonly text: string
}

/**
 * Reports as JUnit has results of tests, a suite for each domain, valid by the schemas of Ant and of Jenkins. docs/check.md
 *
 * The verdict is a test, each protocol, each kind of sender, and each finding that is no note. What could not be told is
 * an error, what is not there is skipped.
 */
export function formatJunit(reports: readonly CheckReport[]): string {
  const suites = reports.map(suiteOf)
  return ['<?xml version="1.0" encoding="UTF-8"?>', ...element('testsuites', {}, suites), ''].join('\n')
}

function suiteOf(report: CheckReport, place: number): string[] {
  const { domain, checkedAt, sentence, leftOut, findings } = report
  const cases = [
    verdictCase(report),
    ...report.lines.map((line) => protocolCase(line, report)),
    ...report.senders.map(senderCase),
    ...findings.filter(({ severity }) => severity !== 'note').map(findingCase),
  ]
  const count = (kind: Result['kind']) => cases.filter(({ result }) => result?.kind === kind).length
  const attributes = {
    ...{
      package: 'waxseal',
      id: place,
      name: domain,
      hostname: domain,
      timestamp: new Date(checkedAt).toISOString().slice(0, 19),
    },
    ...{ tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped'), time: 0 },
  }
  const notes = findings
    .filter(({ severity }) => severity === 'note')
    .map(({ id, title, subject }) => `note: ${title}: ${subject} [${id}]`)
  const said = [sentence, ...notes, ...leftOut.map((line) => `not looked at: ${line}`)]
  return element('testsuite', attributes, [
    element('properties', {}),
    ...cases.map((one) => caseElement(one, domain)),
    textElement('system-out', {}, said.join('\n')),
    element('system-err', {}),
  ])
}

function caseElement({ name, group, result }: Case, domain: string): string[] {
  const attributes = { name, classname: `${domain}.${group}`, time: 0 }
  if (result === undefined) return element('testcase', attributes)
  const { kind, message, type, text } = result
  if (kind === 'skipped') return element('testcase', attributes, [element('skipped', { message })])
  return element('testcase', attributes, [textElement(kind, { message, type }, text)])
}

function verdictCase({ verdict, sentence, why }: CheckReport): Case {
  const base = { name: 'verdict', group: 'verdict' } as const
  if (verdict === 'protected') return { ...base, result: undefined }
  const kind = verdict === 'undetermined' ? 'error' : 'failure'
  return { ...base, result: { kind, message: sentence, type: verdict, text: why.join('\n') } }
}

function protocolCase({ protocol, state, reason }: ProtocolLine, { sections }: CheckReport): Case {
  const base = { name: protocol, group: 'protocol' } as const
  const result = (kind: Result['kind']): Case => ({
    ...base,
    result: { kind, message: reason, type: state, text: reason },
  })
  switch (state) {
    case 'on':
      return { ...base, result: undefined }
    case 'partly':
    case 'broken':
      return result('failure')
    case 'testing':
    case 'off':
      return result('skipped')
    case 'unknown': {
      const isLeftOut = sections.some((one) => one.state === 'left-out' && sectionsOf[protocol].includes(one.name))
      return result(isLeftOut ? 'skipped' : 'error')
    }
  }
}

/** What must have been looked at to tell. */
const sectionsOf: Record<ProtocolLine['protocol'], readonly SectionName[]> = {
  ...{ DANE: ['mail', 'smtp'], 'MTA-STS': ['mail', 'mta-sts'], TLSRPT: ['tlsrpt'] },
}

function senderCase({ id, title, does, text, hosts }: SenderRow): Case {
  const base = { name: `delivery by ${id}`, group: 'sender' } as const
  if (does === 'delivers') return { ...base, result: undefined }
  const kind = does === 'cannot-tell' ? 'error' : 'failure'
  const each = hosts.map((host) => `${host.host} ${host.does}: ${host.text}`)
  return { ...base, result: { kind, message: `${title}: ${text}`, type: does, text: [text, ...each].join('\n') } }
}

function findingCase(finding: Finding): Case {
  const { id, subject, title, severity } = finding
  const message = `${urgencyOf(finding)}: ${title}`
  const text = findingText(finding).join('\n')
  return { name: `${id} ${subject}`, group: 'finding', result: { kind: 'failure', message, type: severity, text } }
}

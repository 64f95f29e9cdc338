import type { SectionName } from '../../core/check/check-facts.ts'
import type { CheckReport, ProtocolLine } from '../../core/check/report.ts'

/** What is to be said when a section of a check is done. */
export interface Step {
  readonly section: SectionName
  readonly title: string
  /** One line without a full stop; may quote strangers. */
  readonly text: string
}

export const sectionTitles: Record<SectionName, string> = {
  mail: 'MX hosts and DNSSEC',
  'mta-sts': 'MTA-STS policy',
  tlsrpt: 'TLS reports',
  servers: 'Name servers',
  smtp: 'Mail servers',
}

/** By what is known when the section is done: others may not be. */
export function stepOf(section: SectionName, report: CheckReport): Step {
  return { section, title: sectionTitles[section], text: textOf(section, report) }
}

function textOf(section: SectionName, report: CheckReport): string {
  const { grid, operators, findings } = report
  switch (section) {
    case 'mail':
      return grid.length === 0 ? 'no MX host was found' : `${listed(grid.map(({ host }) => host))}`
    case 'mta-sts':
      return lineText(report, 'MTA-STS')
    case 'tlsrpt':
      return lineText(report, 'TLSRPT')
    case 'servers': {
      const servers = operators.filter(({ part }) => part === 'name-server').length
      return servers === 0 ? 'compared with each other' : `${counted(servers, 'name server')} compared with each other`
    }
    case 'smtp': {
      const addresses = grid.flatMap((host) => host.addresses)
      const working = addresses.filter(({ startTls }) => startTls.state === 'good').length
      const more = findings.filter(({ severity }) => severity !== 'note').length
      return `STARTTLS works at ${working} of ${counted(addresses.length, 'address', 'addresses')}; ${counted(more, 'finding')} so far`
    }
  }
}

function lineText({ lines }: CheckReport, protocol: ProtocolLine['protocol']): string {
  const line = lines.find((one) => one.protocol === protocol)
  return line === undefined ? 'looked at' : `${line.state}: ${line.reason}`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

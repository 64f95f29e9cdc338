import type { CheckReport, Finding, FindingSection } from '../report.ts'

type About = Pick<Finding, 'id' | 'subject' | 'section'>

const ofHosts: readonly FindingSection[] = ['smtp', 'tls', 'dane', 'mta-sts']
const all: readonly FindingSection[] = ['mx', 'dnssec', 'dane', 'mta-sts', 'tlsrpt', 'smtp', 'tls']

/** Notes that say that something could not be told, and which findings may be missing for that. */
const notes: Readonly<Record<string, { readonly sections: readonly FindingSection[]; readonly ofSubject?: true }>> = {
  'mx-lookup-unanswered': { sections: all },
  'vantage-without-smtp': { sections: ofHosts },
  'vantage-without-ipv6': { sections: ofHosts },
  'host-busy': { sections: ofHosts, ofSubject: true },
  'host-turned-us-away': { sections: ofHosts, ofSubject: true },
  'host-unanswered': { sections: ofHosts, ofSubject: true },
  'tlsa-lookup-unanswered': { sections: ofHosts, ofSubject: true },
  'servers-unanswered': { sections: ['dnssec'] },
  'server-silent': { sections: ['dnssec'] },
  'sts-record-unanswered': { sections: ['mta-sts'] },
  'sts-policy-timeout': { sections: ['mta-sts'] },
  'tlsrpt-unanswered': { sections: ['tlsrpt'] },
  'tlsrpt-target-unanswered': { sections: ['tlsrpt'] },
}

/** Sections of a check without which findings of these sections are not looked for. */
const leftOut: Readonly<Record<CheckReport['sections'][number]['name'], readonly FindingSection[]>> = {
  ...{ mail: all, 'mta-sts': ['mta-sts'], tlsrpt: ['tlsrpt'], servers: ['dnssec'], smtp: ['smtp', 'tls', 'dane'] },
}

/** Whether a finding may be missing from this report only because what it is about could not be told this time. */
export function isUntoldIn(
  { findings, sections }: Pick<CheckReport, 'findings' | 'sections'>,
  missing: About,
): boolean {
  const isLeftOut = sections.some(({ name, state }) => state === 'left-out' && leftOut[name].includes(missing.section))
  return isLeftOut || findings.some((note) => hides(note, missing))
}

function hides(note: About, missing: About): boolean {
  const rule = notes[note.id]
  if (rule === undefined || !rule.sections.includes(missing.section)) return false
  // A TLSA record's name ends in its host's, and who is busy may be told of by either.
  return rule.ofSubject !== true || note.subject.endsWith(missing.subject) || missing.subject.endsWith(note.subject)
}

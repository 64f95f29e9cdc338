/** A report as RFC 8460 has it, with what a test wants otherwise. */
export function reportText(changes: {
  readonly domain?: string
  readonly type?: string
  readonly organization?: string
  readonly id?: string
  readonly day?: string
  readonly successes?: unknown
  readonly failures?: unknown
  readonly details?: unknown
}): string {
  const { domain = 'example.org', type = 'sts', organization = 'Sender Inc.', day = '2026-11-25' } = changes
  return JSON.stringify({
    'organization-name': organization,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': 'tls@sender.example',
    'report-id': changes.id ?? `${day}-${organization}`,
    policies: [
      {
        policy: {
          'policy-type': type,
          'policy-string': ['version: STSv1', 'mode: testing', 'mx: mx1.example.org', 'max_age: 604800'],
          'policy-domain': domain,
          'mx-host': ['mx1.example.org'],
        },
        summary: {
          'total-successful-session-count': changes.successes ?? 100,
          'total-failure-session-count': changes.failures ?? 0,
        },
        ...(changes.details !== undefined && { 'failure-details': changes.details }),
      },
    ],
  })
}

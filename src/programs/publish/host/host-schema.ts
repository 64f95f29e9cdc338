import { array, boolean, type infer as Infer, number, optional, record, strictObject, string, union } from 'zod/mini'

const texts = union([string(), array(string())])

/** The shapes of a policy host's configuration; what its texts mean is read behind it. */
export const hostSchema = strictObject({
  https: optional(texts),
  http: optional(texts),
  plain: optional(texts),
  metrics: optional(texts),
  proxy: optional(texts),
  name: optional(string()),
  addresses: optional(texts),
  policies: optional(string()),
  state: optional(string()),
  customers: optional(boolean()),
  'log-format': optional(string()),
  'contexts-kept': optional(number()),
  certificate: optional(array(strictObject({ chain: string(), key: string() }))),
  acme: optional(
    strictObject({
      directory: string(),
      contact: optional(texts),
      'agree-terms': optional(boolean()),
      'external-account': optional(string()),
      'external-account-key': optional(string()),
      profile: optional(string()),
      key: optional(string()),
      challenges: optional(texts),
      'per-hour': optional(number()),
      'per-day': optional(number()),
      'per-week': optional(number()),
      'at-once': optional(number()),
      'check-addresses': optional(boolean()),
      'server-ca-file': optional(string()),
      'certificate-ca-file': optional(string()),
      'other-servers': optional(texts),
    }),
  ),
  profile: optional(
    record(
      string(),
      strictObject({
        mode: optional(string()),
        mx: optional(texts),
        'max-age': optional(number()),
        policy: optional(string()),
        domains: optional(texts),
        'domains-file': optional(string()),
      }),
    ),
  ),
})

export type HostTable = Infer<typeof hostSchema>

/** The keys of each kind of table, for suggestions. */
export const hostKeys = {
  top: [
    ...['https', 'http', 'plain', 'metrics', 'proxy', 'name', 'addresses', 'policies', 'state', 'customers'],
    ...['log-format', 'contexts-kept', 'certificate', 'profile', 'acme'],
  ],
  certificate: ['chain', 'key'],
  acme: [
    ...['directory', 'contact', 'agree-terms', 'external-account', 'external-account-key', 'profile', 'key'],
    ...['challenges', 'per-hour', 'per-day', 'per-week', 'at-once', 'check-addresses', 'server-ca-file'],
    ...['certificate-ca-file', 'other-servers'],
  ],
  profile: ['mode', 'mx', 'max-age', 'policy', 'domains', 'domains-file'],
} as const

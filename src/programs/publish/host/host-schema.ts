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
    ...['log-format', 'contexts-kept', 'certificate', 'profile'],
  ],
  certificate: ['chain', 'key'],
  profile: ['mode', 'mx', 'max-age', 'policy', 'domains', 'domains-file'],
} as const

import type { Verdict } from '../../../src/core/check/report.ts'

/**
 * What is wrong with a domain, what comes of it, the ids of its findings, and how that is planted: lines of a world in the
 * place of those of `whole` that begin alike, where `D` is the domain and `%` a number of its own. A line `-text` takes
 * those away that begin with the text.
 */
export type Fault = readonly [what: string, verdict: Verdict, ids: string, world: string]

/** What a domain has with which nothing is wrong. */
export const whole = [
  'zone D',
  'zone D MX 10 mx.D',
  'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {mx.D.spki.sha256}',
  'zone _25._tcp.mx.D 3600 TLSA 3 1 1 {zeros.32}',
  'host mx.D address=192.0.2.%,2001:db8::%',
  'policy D mode=enforce mx=mx.D max_age=2592000',
  'zone _smtp._tls.D TXT "v=TLSRPTv1; rua=mailto:reports@D"',
]

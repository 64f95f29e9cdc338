import type { Target } from './target.ts'
import { dnsTargets } from './targets-dns.ts'
import { mailTargets } from './targets-mail.ts'

/** Every parser under fuzzing. A new one is an entry more in one of these lists, and a run of `npm run fuzz`. */
export const targets: readonly Target[] = [...dnsTargets, ...mailTargets]

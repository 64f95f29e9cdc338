import type { Target } from './target.ts'
import { dnsTargets } from './targets-dns.ts'
import { dnssecTargets } from './targets-dnssec.ts'
import { fileTargets } from './targets-files.ts'
import { keyTargets } from './targets-keys.ts'
import { mailTargets } from './targets-mail.ts'
import { probeTargets } from './targets-probe.ts'
import { reportTargets } from './targets-reports.ts'
import { sessionTarget } from './targets-session.ts'
import { updateTargets } from './targets-update.ts'

/** Every parser under fuzzing. A new one is an entry more in one of these lists, and a run of `npm run fuzz`. */
export const targets: readonly Target[] = [
  ...dnsTargets,
  ...dnssecTargets,
  ...mailTargets,
  sessionTarget,
  ...probeTargets,
  ...updateTargets,
  ...fileTargets,
  ...keyTargets,
  ...reportTargets,
]

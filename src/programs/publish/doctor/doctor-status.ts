import type { DoctorVerdict } from '../../../core/publish/doctor/report.ts'
import { EXIT } from '../../cli/exit.ts'

/** Exit status of each verdict: as those of `waxseal check`, so that one rule of a monitoring takes both. docs/exit-codes.md */
export const doctorStatuses: Record<DoctorVerdict, number> = {
  ...{ sound: EXIT.done, 'act-soon': 1, 'no-dane': 2, broken: 4, undetermined: EXIT.temporary },
}

import type { TlsParameters, VersionSeen } from '../../core/check/tls-parameters.ts'
import { EXTENSION } from '../../core/tls/client-hello.ts'
import { suiteName } from '../../core/tls/suites.ts'
import { type TlsVersion, tlsVersions, versionByNumber } from '../../core/tls/versions.ts'
import type { HelloAnswer } from './ask-hello.ts'
import { told } from './explore.ts'
import { type Asking, answered, type KnownBefore, ofHello } from './hello-offers.ts'

export interface VersionsFound
  extends Pick<TlsParameters, 'versions' | 'compression' | 'secureRenegotiation' | 'extendedMasterSecret'> {
  /** Those that the server takes, the newest first. */
  readonly taken: readonly TlsVersion[]
  /** The newest of them before TLS 1.3. */
  readonly older: TlsVersion | undefined
  /** What was answered to a hello of everything, by version. */
  readonly answers: ReadonlyMap<TlsVersion, HelloAnswer>
}

/** Asks for each version alone, and reads from the answers what they tell besides. */
export async function findVersions({ ask, offerOf, known }: Asking): Promise<VersionsFound> {
  const answers = new Map<TlsVersion, HelloAnswer>()
  for (const version of tlsVersions) answers.set(version, await ask(version, offerOf(version)))
  const versions = [...answers].map(([version, answer]) => versionSeen(version, answer, known))
  const taken = versions.flatMap(({ version, finding }) =>
    finding.kind === 'told' && finding.value.kind === 'taken' ? [version] : [],
  )
  const older = taken.find((version) => version !== 'TLSv1.3')
  const answer = older === undefined ? undefined : answers.get(older)
  return {
    ...{ versions, taken, older, answers },
    compression: ofHello(answer, ({ hello }) => hello.compression !== 0),
    secureRenegotiation: ofHello(answer, answered(EXTENSION.RENEGOTIATION_INFO)),
    extendedMasterSecret: ofHello(answer, answered(EXTENSION.EXTENDED_MASTER_SECRET)),
  }
}

/** What a handshake came to counts more than what a hello was answered. */
function versionSeen(version: TlsVersion, answer: HelloAnswer, { handshakes }: KnownBefore): VersionSeen {
  if (answer.kind === 'chosen' && versionByNumber(answer.hello.version) === version)
    return { version, finding: told({ kind: 'taken', suite: suiteName(answer.hello.suite) }) }
  const done = handshakes.find(({ protocol }) => protocol === version)
  if (done !== undefined) return { version, finding: told({ kind: 'taken', suite: done.suite }) }
  if (answer.kind === 'untold') return { version, finding: answer }
  const alert = answer.kind === 'refused' ? answer.alert : undefined
  return { version, finding: told({ kind: 'refused', alert }) }
}

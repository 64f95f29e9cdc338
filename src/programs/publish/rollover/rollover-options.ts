import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../../core/config-error.ts'
import { type DomainName, parseHostName } from '../../../core/name/domain.ts'
import type { Name } from '../../../core/name/name.ts'
import { parseName } from '../../../core/name/text.ts'
import { type Combination, combinationOf } from '../../../core/publish/rollover/association.ts'
import { combinationsOffered } from '../../../core/publish/rollover/follow.ts'
import { fingerprintOf, type Given, type Wishes } from '../../../core/publish/rollover/rollover.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { readAuthorityFile, readKeyFile } from '../../../io/publish/rollover-key.ts'
import { parseCombination } from '../../../io/publish/rollover-state.ts'
import { type OptionTable, UsageError, type Values } from '../../cli/command.ts'
import { usualStorePath } from '../../config/store-path.ts'

/** Options of every command about the rollover of one host. */
export const rolloverOptions = {
  json: { type: 'boolean', description: 'print one JSON object' },
  state: {
    ...{ type: 'string', value: 'FILE' },
    description: 'where this host is remembered between runs, instead of the usual place',
  },
  'leave-out': {
    ...{ type: 'string', value: 'NAME', multiple: true },
    description: 'do not wait for this name server, which is of no use to anybody; may be repeated',
  },
} as const satisfies OptionTable

/** Options with which an operator says what shall be. */
export const wishOptions = {
  key: {
    ...{ type: 'string', value: 'FILE', multiple: true },
    description:
      'key that the host presents: key, certificate or request; for what is not published yet; may be repeated',
  },
  next: {
    ...{ type: 'string', value: 'FILE', multiple: true },
    description: 'key that it shall present next, one for RSA and one for ECDSA',
  },
  renewed: {
    ...{ type: 'string', value: 'FILE', multiple: true },
    description: 'key of a certificate just renewed: the next one, unless it is in use already; for hooks',
  },
  authority: {
    ...{ type: 'string', value: 'FILE', multiple: true },
    description: 'certificate of the authority that records of usage 2 are of',
  },
  form: {
    ...{ type: 'string', value: "'3 1 1'", multiple: true },
    description: `usage, selector and matching type of the records, from now on: ${combinationsOffered.map(combinationOf).join(', ')}`,
  },
  compromised: {
    ...{ type: 'string', value: 'KEY', multiple: true },
    description: 'key that somebody else has: a file, or 8 or more digits of its fingerprint',
  },
} as const satisfies OptionTable

type Wished = Partial<Values<typeof wishOptions>>

/** What the options wish for. Throws UsageError, and ConfigError for a file that cannot be used. */
export function readWishes(values: Wished): Wishes {
  const { key = [], next = [], renewed = [], authority = [], form = [], compromised = [] } = values
  const forms = form.map(readCombination)
  return {
    ...(forms.length > 0 && { combinations: forms }),
    current: [...key.map(readGiven), ...authority.map(readAuthority)],
    next: onePerKind('next', next.map(readGiven)),
    renewed: onePerKind('renewed', renewed.map(readGiven)),
    compromised: compromised.map(readFingerprint),
  }
}

function readGiven(path: string): Given {
  const { kind, spki } = readKeyFile(path)
  return { kind, octets: spki, file: path }
}

function readAuthority(path: string): Given {
  return { kind: 'authority', octets: readAuthorityFile(path).raw, file: path }
}

function onePerKind(option: string, given: readonly Given[]): readonly Given[] {
  const kinds = given.map(({ kind }) => kind)
  if (new Set(kinds).size === kinds.length) return given
  throw new UsageError(`option --${option}: one RSA key and one ECDSA key at most`)
}

function readCombination(text: string): Combination {
  const combination = parseCombination(text)
  if (combination !== undefined) return combination
  throw new UsageError(
    `option --form: "${escapeText(text)}" is none of ${combinationsOffered.map(combinationOf).join(', ')}: records of whole ` +
      'certificates of a server would break with each renewal, and full data is too long',
  )
}

function readFingerprint(text: string): string {
  const isFingerprint = /^[0-9a-f]{8,64}$/i.test(text) && !existsSync(text)
  return isFingerprint ? text.toLowerCase() : fingerprintOf(readGiven(text))
}

export function readHost(text: string): DomainName {
  const host = parseHostName(text)
  if (host.ok) return host.value
  throw new UsageError(`not a host name: "${escapeText(text)}" (${host.fault.replaceAll('-', ' ')})`)
}

export function readLeftOut(names: readonly string[] = []): Name[] {
  return names.map((text) => {
    const name = parseName(text)
    if (name.ok) return name.value
    throw new UsageError(`option --leave-out: not a name: "${escapeText(text)}"`)
  })
}

/** The file that remembers a host: the one named, or one of its own beside the usual store. Throws ConfigError. */
export function statePath(
  named: string | undefined,
  { host, port }: { readonly host: DomainName; readonly port: number },
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (named !== undefined) return named
  const usual = usualStorePath(environment)
  if (usual === undefined) throw new ConfigError('no place for the state: name one with --state or set HOME')
  return join(dirname(usual), 'rollover', port === 25 ? `${host}.json` : `${host}-${port}.json`)
}

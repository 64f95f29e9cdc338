import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Directory } from '../../core/acme/directory.ts'
import { isObject, memberOf, parseJsonObject, textOf } from '../../core/acme/json.ts'
import { type AccountKey, accountKeyOf, bindExternalAccount, type ExternalAccount } from '../../core/acme/jws.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from '../../core/acme/urls.ts'
import { limits } from '../../core/limits.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import type { StopSignal } from '../stop.ts'
import { type AcmeFailure, isAcmeFailure } from './acme-failure.ts'
import { keyOfPem, makeKey, pemOfKey } from './keys.ts'
import { protocolFailure, type Session, type Signer } from './session.ts'

export interface AccountOptions {
  /** Where the account is kept: one file for each authority. */
  readonly folder: string
  readonly directory: AcmeUrl
  readonly origins: AcmeOrigins
  /** Whom the authority may write to, as `mailto:` URLs; RFC 8555 §7.3 */
  readonly contact: readonly string[]
  /** Whether the operator has read the terms of service, if there are any, and agrees. RFC 8555 §7.3.3 */
  readonly agreesToTerms: boolean
  readonly externalAccount?: ExternalAccount | undefined
}

/** What is on disk; `account` is absent until the authority has told its URL. */
interface StoredAccount {
  readonly key: AccountKey
  readonly account: AcmeUrl | undefined
  readonly contact: readonly string[]
}

/** The account at an authority, made on first use and kept. */
export interface Account {
  /** Who signs; makes the account, or tells the authority of other contacts, where that is still to be done. */
  signer(session: Session, signal: StopSignal): Promise<Signer | AcmeFailure>
  /** Asks the authority anew which account our key has, the next time: it did not know the one that we named. */
  forget(): void
}

/** The key is on disk before the authority sees it: an account that was made and then lost in a crash is found again by it. */
export function createAccount(options: AccountOptions): Account {
  const path = accountPath(options.folder, options.directory)
  let underWay: Promise<Signer | AcmeFailure> | undefined
  let mustAsk = false

  const open = async (session: Session, signal: StopSignal): Promise<Signer | AcmeFailure> => {
    const stored = await readOrMake(path, options)
    if (isAcmeFailure(stored)) return stored
    const { key, account } = stored
    const isSame = stored.contact.join(' ') === options.contact.join(' ')
    if (account !== undefined && !mustAsk && isSame) return { key, account }
    const made =
      account === undefined || mustAsk
        ? await register(session, { key, options, signal })
        : await tellContact(session, { key, account, options, signal })
    if (isAcmeFailure(made)) return made
    const failure = await write(path, { key, account: made.account, contact: options.contact }, options)
    if (failure !== undefined) return failure
    mustAsk = false
    return made
  }
  return {
    async signer(session, signal) {
      underWay ??= open(session, signal)
      const work = underWay
      const signer = await work
      // What came of a failure, or of whoever gave up, is not what the next is told.
      if (isAcmeFailure(signer) && underWay === work) underWay = undefined
      return signer
    },
    forget() {
      underWay = undefined
      mustAsk = true
    },
  }
}

export function accountPath(folder: string, directory: AcmeUrl): string {
  return join(folder, `account-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.json`)
}

async function readOrMake(path: string, options: AccountOptions): Promise<StoredAccount | AcmeFailure> {
  try {
    const octets = readPrivateFile(path, limits.acme.fileOctets)
    if (octets !== undefined) {
      return (
        parseStored(octets, options.origins) ?? {
          fault: 'account',
          reason: `${JSON.stringify(path)} holds no account that can be read`,
        }
      )
    }
  } catch (error) {
    return storageFailure(path, error)
  }
  const key = accountKeyOf(await makeKey('p256'))
  if (key === undefined) throw new Error('a key of P-256 is none')
  const stored = { key, account: undefined, contact: [] }
  return (await write(path, stored, options)) ?? stored
}

function parseStored(octets: Uint8Array, origins: AcmeOrigins): StoredAccount | undefined {
  const object = parseJsonObject(octets)
  if (object === undefined) return undefined
  const privateKey = keyOfPem(textOf(object, 'key') ?? '')
  const key = privateKey && accountKeyOf(privateKey)
  const contact = memberOf(object, 'contact')
  if (key === undefined || !Array.isArray(contact)) return undefined
  return { key, account: readAcmeUrl(memberOf(object, 'account'), origins), contact: contact.map(String) }
}

async function write(
  path: string,
  { key, account, contact }: StoredAccount,
  { directory }: AccountOptions,
): Promise<AcmeFailure | undefined> {
  const text = JSON.stringify({ directory, account, contact, key: pemOfKey(key.key) }, undefined, 2)
  try {
    await writePrivateFile(path, Buffer.from(`${text}\n`))
    return undefined
  } catch (error) {
    return storageFailure(path, error)
  }
}

export function storageFailure(path: string, error: unknown): AcmeFailure {
  const why = error instanceof Error ? error.message : String(error)
  return { fault: 'storage', reason: escapeText(`${path}: ${why}`) }
}

interface Registration {
  readonly key: AccountKey
  readonly options: AccountOptions
  readonly signal: StopSignal
}

/** An authority that knows the key answers with the account that it has. RFC 8555 §7.3.1 */
async function register(
  session: Session,
  { key, options, signal }: Registration,
): Promise<(Signer & { readonly account: AcmeUrl }) | AcmeFailure> {
  const directory = await session.directory(signal)
  if (isAcmeFailure(directory)) return directory
  const refused = refuseTerms(directory, options)
  if (refused !== undefined) return refused
  const { externalAccount, contact, origins } = options
  const payload = {
    ...(contact.length === 0 ? {} : { contact }),
    ...(directory.termsOfService === undefined ? {} : { termsOfServiceAgreed: true }),
    ...(externalAccount === undefined
      ? {}
      : { externalAccountBinding: bindExternalAccount(key, externalAccount, directory.newAccount) }),
  }
  const answer = await session.post(directory.newAccount, payload, { key, account: undefined }, signal)
  // Whatever it refuses here, no order will fare better until our operator has done something.
  if (isAcmeFailure(answer)) return answer.fault === 'refused' ? { ...answer, fault: 'account' } : answer
  const account = readAcmeUrl(answer.location, origins, directory.newAccount)
  if (account === undefined) return protocolFailure('a new account without a usable URL')
  const body = parseJsonObject(answer.body)
  const status = body !== undefined && isObject(body) ? textOf(body, 'status') : undefined
  if (status !== 'valid')
    return { fault: 'account', reason: `the account is ${escapeText((status ?? 'of no status').slice(0, 100))}` }
  return { key, account }
}

function refuseTerms(
  { termsOfService, externalAccountRequired }: Directory,
  options: AccountOptions,
): AcmeFailure | undefined {
  if (termsOfService !== undefined && !options.agreesToTerms) {
    const terms = escapeText(termsOfService.slice(0, limits.acme.urlCharacters))
    return { fault: 'account', reason: `the authority has terms of service that must be agreed to: ${terms}` }
  }
  if (externalAccountRequired && options.externalAccount === undefined) {
    return { fault: 'account', reason: 'the authority takes its customers only: it needs an external account' }
  }
  return undefined
}

/** RFC 8555 §7.3.2 */
async function tellContact(
  session: Session,
  { key, account, options, signal }: Registration & { readonly account: AcmeUrl },
): Promise<(Signer & { readonly account: AcmeUrl }) | AcmeFailure> {
  const answer = await session.post(account, { contact: options.contact }, { key, account }, signal)
  return isAcmeFailure(answer) ? answer : { key, account }
}

/** ACME clients whose files we know. */
export type AcmeClient = 'certbot' | 'acme.sh' | 'lego' | 'Caddy'

/** What a client will do to the key when it renews a certificate. */
export interface Renewal {
  readonly client: AcmeClient
  /** `unknown`: what decides is not in the client's files; `never`: it renews nothing, so that somebody will by hand. */
  readonly key: 'kept' | 'new' | 'unknown' | 'never'
  /** The setting that decides, where it stands, and how it keeps the key; no full stop. */
  readonly why: string
}

/** What certbot's settings say of one certificate. */
export interface CertbotSettings {
  readonly reuseKey: boolean | undefined
  readonly autorenew: boolean | undefined
}

/**
 * Reads `renewal/NAME.conf`: the values under [renewalparams] that decide about the key. Sections of plug-ins are passed
 * over; of a repeated name the last counts.
 */
export function parseCertbotRenewal(text: string): CertbotSettings {
  let isOurs = false
  const found = new Map<string, boolean>()
  for (const line of linesOf(text)) {
    const section = /^(\[+)([^[\]]*)\]/.exec(line)
    if (section !== null) isOurs = section[1] === '[' && section[2]?.trim() === 'renewalparams'
    const [, name, value = ''] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? []
    const word = /^(['"]?)(true|false)\1(?:\s*#.*)?$/i.exec(value)?.[2]
    if (isOurs && name !== undefined && word !== undefined) found.set(name, word.toLowerCase() === 'true')
  }
  return { reuseKey: found.get('reuse_key'), autorenew: found.get('autorenew') }
}

/** What `cli.ini` says of keys: `reuse-key = true`, or the name alone. Undefined where it says nothing. */
export function parseCertbotDefaults(text: string): boolean | undefined {
  let reuseKey: boolean | undefined
  for (const line of linesOf(text)) {
    const found = /^(no-)?reuse-key(?:(?:\s*[:=]\s*|\s+)(['"]?)(\w+)\2)?\s*(?:[;#].*)?$/.exec(line)
    if (found === null) continue
    const [, no, , value = 'true'] = found
    if (['true', 'yes', '1'].includes(value.toLowerCase())) reuseKey = no === undefined
  }
  return reuseKey
}

/** Without white space around them, as which a byte order mark counts. */
function linesOf(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map((line) => line.trim())
}

/** `byDefault` is of cli.ini, which certbot lets prevail over what it kept of a certificate. */
export function certbotRenewal(name: string, kept: CertbotSettings, byDefault: boolean | undefined): Renewal {
  const file = `renewal/${name}.conf`
  if (kept.autorenew === false) return { client: 'certbot', key: 'never', why: `autorenew is False in ${file}` }
  const setting = byDefault ?? kept.reuseKey
  const where = byDefault === undefined ? file : 'cli.ini'
  if (setting === true) return { client: 'certbot', key: 'kept', why: `reuse_key is True in ${where}` }
  const state = setting === undefined ? `reuse_key is not set in ${file}` : `reuse_key is False in ${where}`
  return {
    client: 'certbot',
    key: 'new',
    why: `${state}; "reuse_key = True" under [renewalparams] there keeps the key`,
  }
}

/**
 * Reads the settings that acme.sh keeps of one certificate, `NAME.conf`: one `Name='value'` a line, of which the last
 * counts. Undefined when none of them is one of acme.sh.
 */
export function parseAcmeShSettings(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  for (const line of linesOf(text)) {
    const [, name, value = ''] = /^(Le_\w+)\s*=\s*(.*)$/.exec(line) ?? []
    if (name !== undefined) found.set(name, value.replace(/^(['"])(.*)\1$/, '$2'))
  }
  return found.has('Le_Domain') ? found : undefined
}

/** acme.sh keeps the key unless told otherwise when the certificate was first issued. */
export function acmeShRenewal(file: string, settings: ReadonlyMap<string, string>): Renewal {
  if (settings.get('Le_ForceNewDomainKey') === '1') {
    const why = `Le_ForceNewDomainKey is '1' in ${file}; without that line the key is kept`
    return { client: 'acme.sh', key: 'new', why }
  }
  const why = `Le_ForceNewDomainKey is not '1' in ${file}; but "acme.sh --issue --force" makes a new key all the same`
  return { client: 'acme.sh', key: 'kept', why }
}

/** Where certbot has no settings of a certificate, as when only its files were copied here. */
export function certbotUnknown(name: string): Renewal {
  const why = `whether it keeps the key is not known, as renewal/${name}.conf is not there`
  return { client: 'certbot', key: 'unknown', why }
}

export const legoRenewal: Renewal = {
  ...{ client: 'lego', key: 'unknown' },
  why: 'it makes a new key at each renewal unless its command says --reuse-key, or its configuration "reuseKey: true" under renew',
}

export const caddyRenewal: Renewal = {
  ...{ client: 'Caddy', key: 'unknown' },
  why: 'it makes a new key at each renewal unless its configuration says reuse_private_keys under tls',
}

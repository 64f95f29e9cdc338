import { isIP } from 'node:net'
import { parseHostName } from '../../core/name/domain.ts'
import { accept, type Result, refuse } from '../../core/result.ts'

/** Where the store is that machines share, as an operator writes it: without a secret. */
export interface SharedStoreUrl {
  readonly text: string
  readonly where:
    | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isTls: boolean }
    | { readonly kind: 'unix'; readonly path: string }
  readonly user: string | undefined
  readonly database: number
}

/** Reads `redis://[USER@]HOST[:PORT][/DATABASE]`, `rediss://…` over TLS, or `unix://[USER@]/PATH[?db=DATABASE]`. */
export function readSharedStore(text: string): Result<SharedStoreUrl, string> {
  // Not quoted: it would stand in logs.
  if (/^[a-z]+:\/\/[^@/]*:[^@]*@/i.test(text))
    return refuse('a password stands in shared-store-password-file, not here')
  const network = /^(rediss?):\/\/(?:([^:@/\s]+)@)?(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?(?:\/(\d{1,5})?)?$/i.exec(
    text,
  )
  if (network !== null) {
    const [, scheme = '', user, named = '', port = '6379', database = '0'] = network
    const host = hostOf(named)
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return refuse(unknown(text))
    const where = { kind: 'tcp', host, port: Number(port), isTls: scheme.toLowerCase() === 'rediss' } as const
    return accept({ text, where, user, database: Number(database) })
  }
  const local = /^unix:(?:\/\/(?:([^:@/\s]+)@)?)?(\/[^?\0]+)(?:\?db=(\d{1,5}))?$/.exec(text)
  if (local === null) return refuse(unknown(text))
  const [, user, path = '', database = '0'] = local
  // The path of a Unix socket has room for 107 octets.
  if (Buffer.byteLength(path) > 107) return refuse(unknown(text))
  return accept({ text, where: { kind: 'unix', path }, user, database: Number(database) })
}

function unknown(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return `${JSON.stringify(cut)} is no redis://HOST:PORT/DATABASE, rediss:// or unix:/PATH`
}

/** An address, or a name that this machine knows: not one of DNS alone, such as `localhost` and names of containers. */
function hostOf(text: string): string | undefined {
  if (text.startsWith('[')) return isIP(text.slice(1, -1)) === 6 ? text.slice(1, -1) : undefined
  const name = /^[\d.]+$/.test(text) ? undefined : parseHostName(text.replaceAll('_', '-'))
  return name === undefined || name.ok ? text : undefined
}

/** What a key may begin with: nothing that a listing of keys would take for a pattern. */
export function readPrefix(text: string): Result<string, string> {
  if (/^[\w:.-]{1,64}$/.test(text)) return accept(text)
  return refuse(`${JSON.stringify(text.slice(0, 80))} is not 1 to 64 letters, digits and : . _ -`)
}

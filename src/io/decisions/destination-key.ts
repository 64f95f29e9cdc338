import type { DomainName } from '../../core/name/domain.ts'
import type { Destination } from './decisions.ts'

const smtpPort = 25

/** The same text for the same destination, and for no other: as Postfix names it, `[relay.example]:587`. */
export function keyOf({ nextHop, port }: Destination): string {
  const name = nextHop.kind === 'domain' ? nextHop.domain : `[${nextHop.host}]`
  return port === smtpPort ? name : `${name}:${port}`
}

/** The destination of a key that `keyOf` made. */
export function destinationOfKey(key: string): Destination {
  const isRelay = key.startsWith('[')
  // Neither name has the sign that ends it: who reads keys takes the first for the end.
  const end = key.indexOf(isRelay ? ']' : ':')
  const name = (isRelay ? key.slice(1, end) : end < 0 ? key : key.slice(0, end)) as DomainName // as it was in the key
  const rest = key.slice(isRelay ? end + 2 : name.length + 1)
  const nextHop = isRelay ? ({ kind: 'relay', host: name } as const) : ({ kind: 'domain', domain: name } as const)
  return { nextHop, port: rest === '' ? smtpPort : Number(rest) }
}

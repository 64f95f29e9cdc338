import { isIPv6 } from 'node:net'
import { TYPE } from '../../src/core/dns/types.ts'
import { type Name, nameFromLabels } from '../../src/core/name/name.ts'

export function nameOfText(text: string): Name {
  const name = nameFromLabels(text.split('.').filter((label) => label !== ''))
  if (name === undefined) throw new Error(`not a name: "${text}"`)
  return name
}

/** The data of a record, from the text that a zone file would have. */
export function rdataOfText(type: number, text: string): Uint8Array {
  switch (type) {
    case TYPE.A:
      return Uint8Array.from(text.split('.').map(Number))
    case TYPE.AAAA:
      return addressOctets(text)
    case TYPE.CNAME:
    case TYPE.NS:
      return Buffer.from(nameOfText(text).wire, 'latin1')
    case TYPE.MX: {
      const [preference, exchange = '.'] = text.split(' ')
      return Buffer.concat([Uint8Array.of(0, Number(preference)), Buffer.from(nameOfText(exchange).wire, 'latin1')])
    }
    case TYPE.TXT:
      return Buffer.concat(
        [...text.matchAll(/"([^"]*)"/g)].map(([, part = '']) =>
          Buffer.from(`\0${part}`, 'latin1').fill(part.length, 0, 1),
        ),
      )
    case TYPE.TLSA: {
      const [usage, selector, matching, ...data] = text.split(' ')
      return Buffer.concat([
        Uint8Array.from([usage, selector, matching].map(Number)),
        Buffer.from(data.join(''), 'hex'),
      ])
    }
    default:
      throw new Error(`no text form here for type ${type}`)
  }
}

function addressOctets(text: string): Uint8Array {
  if (!isIPv6(text)) throw new Error(`not an IPv6 address: "${text}"`)
  const [head = '', tail = ''] = text.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const groups = [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]))
}

import { parseAddress } from '../../src/core/dns/rdata/address.ts'
import { writeMx, writeName, writeTlsa, writeTxt } from '../../src/core/dns/rdata/write.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { type Name, nameFromLabels } from '../../src/core/name/name.ts'

/** A name of labels without escapes. */
export function nameOfText(text: string): Name {
  const name = nameFromLabels(text.split('.').filter((label) => label !== ''))
  if (name === undefined) throw new Error(`not a name: "${text}"`)
  return name
}

/** The data of a record, from the text that a zone file would have. */
export function rdataOfText(type: number, text: string): Uint8Array {
  const fields = text.split(' ')
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA:
      return parseAddress(text) ?? fail(text)
    case TYPE.CNAME:
      return writeName(nameOfText(text))
    case TYPE.MX:
      return writeMx({ preference: Number(fields[0]), exchange: nameOfText(fields[1] ?? fail(text)) })
    case TYPE.TXT:
      return writeTxt([...text.matchAll(/"([^"]*)"/g)].map(([, string = '']) => string))
    case TYPE.TLSA: {
      const [usage = 0, selector = 0, matchingType = 0] = fields.slice(0, 3).map(Number)
      return writeTlsa({ usage, selector, matchingType, data: Buffer.from(fields.slice(3).join(''), 'hex') })
    }
    default:
      return fail(`type ${type}`)
  }
}

function fail(text: string): never {
  throw new Error(`no record data: "${text}"`)
}

import { accept, type Result, refuse } from '../../result.ts'
import { readU16 } from '../octets.ts'
import { TYPE } from '../types.ts'
import type { RdataFault } from './check.ts'

/** The address of an A or AAAA record as text, in the form of RFC 5952. RFC 1035 §3.4.1, RFC 3596 §2.2 */
export function readAddress(type: number, rdata: Uint8Array): Result<string, RdataFault> {
  const width = type === TYPE.A ? 4 : 16
  if (rdata.length < width) return refuse('rdata-too-short', rdata.length)
  if (rdata.length > width) return refuse('rdata-too-long', width)
  return accept(type === TYPE.A ? rdata.join('.') : formatIpv6(rdata))
}

/** RFC 5952 §4: no leading zeros, the longest run of two or more zero groups as `::`, lower case. */
export function formatIpv6(octets: Uint8Array): string {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => readU16(octets, at))
  const run = longestZeroRun(groups)
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return text(groups)
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** The octets of an IPv4 or IPv6 address as text; undefined when it is neither. Zones (`%eth0`) are refused. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(4)
  let at = 0
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return undefined
    const start = at
    let value = 0
    for (; isDigit(text.charCodeAt(at)) && at < start + 3; at++) value = value * 10 + text.charCodeAt(at) - digit0
    const hasZeroBefore = at > start + 1 && text.charCodeAt(start) === digit0
    if (at === start || hasZeroBefore || value > 255) return undefined
    octets[part] = value
  }
  return at === text.length ? octets : undefined
}

const dot = 0x2e
const digit0 = 0x30

function isDigit(code: number): boolean {
  return code >= digit0 && code <= 0x39
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined
  const [before = '', after, extra] = text.split('::')
  if (extra !== undefined) return undefined
  const left = parseGroups(before, after === undefined)
  const right = parseGroups(after ?? '', true)
  if (left === undefined || right === undefined) return undefined
  const missing = 16 - left.length - right.length
  if (after === undefined ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...left, ...new Array<number>(missing).fill(0), ...right])
}

/** Groups of hexadecimal digits; the last may be an IPv4 address where the whole ends. RFC 4291 §2.2 */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const octets: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    const quad = isEnd && index === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined
    if (quad !== undefined) octets.push(...quad)
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255)
    else return undefined
  }
  return octets
}

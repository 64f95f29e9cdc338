// What Unbound says, read by dig: neither our resolver nor our wire format has a part in it.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LookupReport } from '../../src/programs/cli/dns-json.ts'
import { addresses as at } from './addresses.ts'

/** What a lookup comes to, in a form in which Unbound's and ours can be compared. */
export interface Verdict {
  readonly result: LookupReport['result']
  readonly status: LookupReport['status']
  /** Of the final RRset, without TTL, sorted. */
  readonly records: readonly string[]
}

/** What Unbound says; a SERVFAIL that goes away with checking disabled means bogus. RFC 4035 §3.2.2 */
export async function askUnbound(name: string, type: string): Promise<Verdict> {
  const reply = await dig(name, type)
  if (reply.rcode !== 'NOERROR' && reply.rcode !== 'NXDOMAIN') {
    const unchecked = await dig(name, type, '+cdflag')
    return { result: 'failure', status: unchecked.rcode === reply.rcode ? 'indeterminate' : 'bogus', records: [] }
  }
  const status = reply.flags.includes('ad') ? 'secure' : 'insecure'
  const records = reply.answer.filter((record) => record.split(' ')[1] === type)
  if (reply.rcode === 'NXDOMAIN') return { result: 'nxdomain', status, records }
  return { result: records.length > 0 ? 'answer' : 'nodata', status, records }
}

/** What a result of ours says. */
export function verdictOf(lookup: LookupReport): Verdict {
  const { result, status } = lookup
  if (lookup.result === 'failure') return { result, status, records: [] }
  return { result, status, records: lookup.records.map(comparable).sort() }
}

interface Reply {
  readonly rcode: string
  readonly flags: readonly string[]
  readonly answer: readonly string[]
}

const run = promisify(execFile)

async function dig(name: string, type: string, ...options: string[]): Promise<Reply> {
  const display = ['+noall', '+comments', '+answer', '+nosplit', '+time=20', '+tries=1']
  const { stdout } = await run('dig', [`@${at.unbound}`, ...display, ...options, '-q', name, '-t', type])
  const rcode = /status: (\w+)/.exec(stdout)?.[1]
  const flags = /flags: ([a-z ]*);/.exec(stdout)?.[1]
  if (rcode === undefined || flags === undefined) throw new Error(`dig ${name} ${type}: ${stdout}`)
  const answer = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
  return { rcode, flags: flags.split(' '), answer: answer.map(comparable).sort() }
}

/** A record as zone text, without TTL and class; hex and names in lower case, escapes all written as numbers. */
function comparable(line: string): string {
  const [, owner = '', type = '', rdata = ''] = /^(\S+)\s+\d+\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? []
  if (type === '') throw new Error(`no record: "${line}"`)
  const isText = type === 'TXT' || type === 'DNSKEY' // quoted strings and Base64 keep their case
  const data = rdata.replaceAll('\t', ' ')
  return numberEscapes(`${owner.toLowerCase()} ${type} ${isText ? data : data.toLowerCase()}`)
}

function numberEscapes(text: string): string {
  return text.replace(/\\(\d{3}|.)/g, (_, code: string) => {
    const octet = /^\d{3}$/.test(code) ? Number(code) : code.charCodeAt(0)
    return `\\${String(octet).padStart(3, '0')}`
  })
}

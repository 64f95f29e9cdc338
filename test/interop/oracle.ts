// What Unbound says, read by dig: neither our resolver nor our wire format has a part in it.
import { execFile } from 'node:child_process'
import type { LookupReport } from '../../src/programs/cli/dns-json.ts'
import { addresses as at } from './addresses.ts'
import type { Question } from './questions.ts'

/** What a lookup comes to, in a form in which Unbound's and ours can be compared. */
export interface Verdict {
  readonly result: LookupReport['result']
  readonly status: LookupReport['status']
  /** Of the final RRset, without TTL, sorted. */
  readonly records: readonly string[]
}

/** What Unbound says; a SERVFAIL that goes away with checking disabled means bogus. RFC 4035 §3.2.2 */
export async function askUnbound(name: string, type: string): Promise<Verdict> {
  const [verdict] = await askUnboundMany([{ name, type }])
  if (verdict === undefined) throw new Error(`dig says nothing of ${name} ${type}`)
  return verdict
}

/** The same for many questions, put to it one after the other by one process. */
export async function askUnboundMany(questions: readonly Question[]): Promise<Verdict[]> {
  const replies = await dig(questions)
  const failed = questions.filter((_, place) => isFailed(replies[place]))
  const unchecked = failed.length === 0 ? [] : await dig(failed, '+cdflag')
  return questions.map((question, place) => {
    const reply = replies[place]
    if (reply === undefined) throw new Error(`dig says nothing of ${question.name} ${question.type}`)
    return isFailed(reply) ? failedVerdict(reply, unchecked[failed.indexOf(question)]) : foundVerdict(reply, question)
  })
}

function isFailed(reply: Reply | undefined): boolean {
  return reply?.rcode !== 'NOERROR' && reply?.rcode !== 'NXDOMAIN'
}

function failedVerdict({ rcode }: Reply, unchecked: Reply | undefined): Verdict {
  return { result: 'failure', status: unchecked?.rcode === rcode ? 'indeterminate' : 'bogus', records: [] }
}

function foundVerdict({ rcode, flags, answer }: Reply, { type }: Question): Verdict {
  const status = flags.includes('ad') ? 'secure' : 'insecure'
  // Unbound may say a record twice, as when aliases bring it; an RRset has it once. RFC 2181 §5
  const records = [...new Set(answer.filter((record) => record.split(' ')[1] === type))]
  if (rcode === 'NXDOMAIN') return { result: 'nxdomain', status, records }
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

/** The replies in the order of the questions. A batch is read from standard input. */
async function dig(questions: readonly Question[], ...options: string[]): Promise<Reply[]> {
  // Unbound sends no answer that took it two seconds (discard-timeout); asked again it knows it.
  const display = ['+nocmd', '+noall', '+comments', '+answer', '+nosplit', '+time=5', '+tries=5']
  const lines = questions.map(({ name, type }) => `-q ${name} -t ${type}\n`)
  const output = await outputOf('dig', [`@${at.unbound}`, ...display, ...options, '-f', '-'], lines.join(''))
  const replies = output.split(/^;; Got answer:$/m).slice(1)
  if (replies.length !== questions.length)
    throw new Error(`dig got ${replies.length} of ${questions.length}: ${output}`)
  return replies.map(readReply)
}

function outputOf(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 256 * 1024 * 1024 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
    child.stdin?.end(input)
  })
}

function readReply(text: string): Reply {
  const rcode = /status: (\w+)/.exec(text)?.[1]
  const flags = /flags: ([a-z ]*);/.exec(text)?.[1]
  if (rcode === undefined || flags === undefined) throw new Error(`dig: ${text}`)
  const answer = text.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
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

// What delv says, BIND's validator for one question at a time: it gets all from Unbound unchecked and judges by itself.
import { execFile } from 'node:child_process'
import { addresses as at } from '../addresses.ts'
import type { Verdict } from '../oracle.ts'
import type { Question } from '../questions.ts'

/** It does not say whether what it could not have is bogus. */
export interface DelvVerdict {
  readonly result: Verdict['result']
  readonly status: 'secure' | 'insecure' | 'none'
}

const tries = 5

/** `anchors` is a file as BIND has them, see `bindAnchors`. Undefined where it ends before it has validated, time and again. */
export async function askDelv(question: Question, anchors: string): Promise<DelvVerdict | undefined> {
  for (let left = tries; left > 0; left--) {
    const verdict = await askOnce(question, anchors)
    if (verdict !== 'pending') return verdict
  }
  return undefined
}

async function askOnce({ name, type }: Question, anchors: string): Promise<DelvVerdict | 'pending'> {
  const output = await new Promise<string>((resolve, reject) => {
    const args = [`@${at.unbound}`, '-a', anchors, '+root=.', '-q', name, '-t', type]
    // Its exit status says nothing: what it prints does.
    execFile('delv', args, { timeout: 30_000 }, (error, stdout, stderr) =>
      error?.killed === true ? reject(error) : resolve(stdout + stderr),
    )
  })
  const failed = /^;; resolution failed: (.*)$/m.exec(output)?.[1]
  const isUnsigned = /^; (?:negative response, )?unsigned answer$/m.test(output)
  const isValidated = /^; (?:negative response, )?fully validated$/m.test(output)
  const result = failed === undefined ? 'answer' : (denials.get(failed) ?? 'failure')
  if (result === 'failure') return { result, status: 'none' }
  if (/^; .*pending validation$/m.test(output)) return 'pending'
  if (!isUnsigned && !isValidated) throw new Error(`delv ${name} ${type}: ${output}`)
  return { result, status: isUnsigned ? 'insecure' : 'secure' }
}

const denials = new Map([
  ['ncache nxrrset', 'nodata'],
  ['ncache nxdomain', 'nxdomain'],
] as const) as ReadonlyMap<string, 'nodata' | 'nxdomain'>

/** The root's DS record as BIND has trust anchors. */
export function bindAnchors(ds: string): string {
  const [, keyTag, algorithm, digestType, digest] = / DS (\d+) (\d+) (\d+) (\S+)/.exec(ds) ?? []
  return `trust-anchors { "." static-ds ${keyTag} ${algorithm} ${digestType} "${digest}"; };\n`
}

import assert from 'node:assert/strict'
import { schemas } from '../../src/programs/daemon/http/schemas.ts'
import type { Answer } from './served.ts'

/** An answer of this status whose body has the shape that the document says. */
export function read(answer: Answer, schema: string, status = 200): Record<string, unknown> {
  assert.equal(answer.status, status, answer.text)
  return schemas[schema]?.type.parse(answer.json) as Record<string, unknown> // an object by its schema
}

/** That it is the refusal of this code, in the shape of RFC 9457. */
export function refusal(answer: Answer, code: string): void {
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const { code: found, status } = read(answer, 'Problem', answer.status)
  assert.deepEqual([found, status], [code, answer.status])
}

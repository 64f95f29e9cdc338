import assert from 'node:assert/strict'
import { type Override, type OverrideRule, parseNamePattern } from '../../src/core/decision/override.ts'
import { now } from './decision-facts.ts'
import { domain } from './domain.ts'

export const day = 86_400_000

/** One of each kind. */
export const rules = {
  encrypt: { kind: 'require', level: 'encrypt' },
  pkix: { kind: 'require', level: 'pkix', names: [domain('mail.example.org')] },
  pkixHost: { kind: 'require', level: 'pkix', names: [] },
  dane: { kind: 'require', level: 'dane' },
  relaxMay: { kind: 'relax', level: 'may' },
  relaxEncrypt: { kind: 'relax', level: 'encrypt' },
  skip: { kind: 'skip' },
} as const satisfies Record<string, OverrideRule>

export type RuleName = keyof typeof rules

/** An override of thirty days, for `example.org`, `.example.org`, `via mx`, `example.org via mx` */
export function override(rule: RuleName, target = 'example.org', changes: Partial<Override> = {}): Override {
  const [to = '', via] = target.split(/ ?via /)
  const pattern = (text: string | undefined, of: 'domain' | 'host') => {
    const parsed = text === undefined || text === '' ? undefined : parseNamePattern(text, of)
    assert.ok(parsed?.ok !== false, target)
    return parsed?.value
  }
  return {
    target: { domain: pattern(to, 'domain'), host: pattern(via, 'host') },
    ...{ rule: rules[rule], reason: `why ${rule}`, author: 'alice', createdAt: now - day },
    expiresAt: now + 30 * day,
    ...changes,
  }
}

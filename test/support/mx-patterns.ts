import fc from 'fast-check'
import type { MxPattern } from '../../src/core/mtasts/policy.ts'
import { domain } from './domain.ts'

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((text) => !/^..--/.test(text))

/** Patterns as policies have them, with and without a wildcard. */
export const mxPatterns: fc.Arbitrary<MxPattern> = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([labels, wildcard]) => ({ name: domain(labels.join('.')), wildcard }))

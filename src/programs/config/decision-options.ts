import { type DecisionOptions, defaultOptions } from '../../core/decision/decision.ts'
import type { SettingValues } from './settings.ts'

/** How to decide, by what is set; the rest is as RFC 7672 and RFC 8461 recommend. */
export function decisionOptionsOf(settings: Pick<SettingValues, 'preferred-digest'>): DecisionOptions {
  return { ...defaultOptions, preferredDigest: settings['preferred-digest'] }
}

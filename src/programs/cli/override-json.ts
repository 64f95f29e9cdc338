import { formatNamePattern, type Override, type OverrideTarget } from '../../core/decision/override.ts'
import type { AuditEntry } from '../../io/store/store.ts'

/** For JSON: as the options take it. */
export function targetJson({ domain, host }: OverrideTarget) {
  return {
    domain: domain === undefined ? null : formatNamePattern(domain),
    host: host === undefined ? null : formatNamePattern(host),
  }
}

/** An entry of `waxseal.overrides/1`. */
export function overrideJson(override: Override, now: number) {
  const { target, rule, author, reason, createdAt, expiresAt } = override
  return {
    ...targetJson(target),
    ...{ kind: rule.kind, level: 'level' in rule ? rule.level : null, names: 'names' in rule ? rule.names : [] },
    ...{ author, reason, createdAt, expiresAt: expiresAt ?? null, ended: isEnded(override, now) },
  }
}

/** `waxseal.audit/1` */
export function auditJson({ id, at, author, action, target, rule, reason, expiresAt, isIntact }: AuditEntry) {
  return {
    ...{ schema: 'waxseal.audit/1', id, at: new Date(at).toISOString(), author, action, ...targetJson(target) },
    ...{ rule, reason, expiresAt: expiresAt ?? null, intact: isIntact },
  }
}

/** Whether its time is over: it stands in the store still, and counts for nothing. */
export function isEnded({ expiresAt }: Override, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

/** Marks the file as ours, so that no foreign database is ever changed. */
export const applicationId = 0x57585331

/**
 * Each entry takes the schema one version further; an entry once released is never edited.
 *
 * `digest` covers the columns that decide something, because SQLite itself does not notice a flipped bit.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE policies (
    domain TEXT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    mode TEXT NOT NULL,
    max_age INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    refresh_at INTEGER NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
  CREATE INDEX policies_by_refresh ON policies (refresh_at);
  CREATE INDEX policies_by_expiry ON policies (mode = 'none', expires_at);

  CREATE TABLE failures (
    domain TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    failure TEXT NOT NULL,
    PRIMARY KEY (domain, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX failures_by_time ON failures (at);

  CREATE TABLE anchors (
    host TEXT NOT NULL,
    digest TEXT NOT NULL,
    certificate BLOB NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (host, digest)
  ) STRICT;
  CREATE INDEX anchors_by_use ON anchors (used_at);
  `,
  `
  CREATE TABLE trust_points (
    owner TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT;
  `,
  overridesSchema(),
  `
  CREATE TABLE reports (
    id TEXT PRIMARY KEY NOT NULL,
    domain TEXT NOT NULL,
    is_private INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    content TEXT NOT NULL,
    octets INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX reports_by_time ON reports (checked_at);
  CREATE INDEX reports_by_domain ON reports (domain, checked_at) WHERE is_private = 0;
  `,
]

/**
 * `domain` and `host` are empty for any, and begin with a dot for a name and all below it. Nothing in the trail is
 * ever changed; each entry's digest covers the one before, so that what others change by hand is found.
 */
function overridesSchema(): string {
  return `
  CREATE TABLE overrides (
    domain TEXT NOT NULL,
    host TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    digest TEXT NOT NULL,
    PRIMARY KEY (domain, host)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE override_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    domain TEXT NOT NULL,
    host TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    expires_at INTEGER,
    digest TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER override_audit_stays BEFORE UPDATE ON override_audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
  CREATE TRIGGER override_audit_is_kept BEFORE DELETE ON override_audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
  `
}

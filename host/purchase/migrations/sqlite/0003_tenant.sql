-- What tenants have decided: terms they accepted, preferences, and when accounts were linked and unlinked.

-- Acceptances are only ever added. An empty carrier stands for the operator's own terms.
CREATE TABLE acceptance (
  tenant TEXT NOT NULL,
  carrier TEXT NOT NULL,
  programme TEXT NOT NULL,
  version TEXT NOT NULL,
  accepted_by TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, carrier, programme, version)
);
CREATE TRIGGER acceptance_kept BEFORE DELETE ON acceptance
  BEGIN SELECT RAISE(ABORT, 'acceptances are only ever added'); END;
CREATE TRIGGER acceptance_fixed BEFORE UPDATE ON acceptance
  BEGIN SELECT RAISE(ABORT, 'acceptances are only ever added'); END;

CREATE TABLE tenant_setting (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
);

CREATE TABLE account_link (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  carrier TEXT NOT NULL,
  what TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX account_link_by_account ON account_link (tenant, account, at);

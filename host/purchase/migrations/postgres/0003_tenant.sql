-- What tenants have decided: terms they accepted, preferences, and when accounts were linked and unlinked.

-- Acceptances are only ever added. An empty carrier stands for the operator's own terms.
CREATE TABLE acceptance (
  tenant TEXT NOT NULL,
  carrier TEXT NOT NULL,
  programme TEXT NOT NULL,
  version TEXT NOT NULL,
  accepted_by TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, carrier, programme, version)
);
CREATE TRIGGER acceptance_kept BEFORE DELETE OR UPDATE ON acceptance
  FOR EACH ROW EXECUTE FUNCTION only_added();

CREATE TABLE tenant_setting (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, name)
);

CREATE TABLE account_link (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  carrier TEXT NOT NULL,
  what TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX account_link_by_account ON account_link (tenant, account, at);

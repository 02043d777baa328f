-- Purchases, attempts, evidence, labels. Times are milliseconds since 1970 on the database's clock; prices are exact
-- decimals with their currency as text (`12.49 USD`); counters that are compared in SQL are minor units.

CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$;

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL,
  detail TEXT
);

CREATE TABLE idempotency (
  tenant TEXT NOT NULL,
  route TEXT NOT NULL,
  idem_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  target TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, route, idem_key)
);

CREATE TABLE purchase (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  business_key TEXT NOT NULL,
  additional BIGINT NOT NULL,
  group_id TEXT NOT NULL,
  parcel BIGINT NOT NULL,
  parcels BIGINT NOT NULL,
  state TEXT NOT NULL,
  carrier TEXT NOT NULL,
  account TEXT NOT NULL,
  environment TEXT NOT NULL,
  service TEXT NOT NULL,
  quoted TEXT,
  max_price TEXT,
  charged TEXT,
  reserved_minor BIGINT NOT NULL,
  reserved_currency TEXT,
  reserved_day TEXT,
  settlement TEXT,
  policy TEXT NOT NULL,
  order_sealed BYTEA NOT NULL,
  current_attempt BIGINT NOT NULL,
  resolve_deadline BIGINT,
  attention TEXT,
  failure TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX one_live ON purchase (tenant, business_key, additional)
  WHERE state NOT IN ('rejected', 'failed', 'voided');
CREATE INDEX purchase_by_key ON purchase (tenant, business_key);
CREATE INDEX purchase_by_group ON purchase (group_id);
CREATE INDEX purchase_by_time ON purchase (created_at);
CREATE INDEX purchase_open ON purchase (state)
  WHERE state NOT IN ('bought', 'rejected', 'failed', 'voided');

CREATE TABLE attempt (
  id TEXT PRIMARY KEY,
  purchase_id TEXT NOT NULL REFERENCES purchase (id),
  n BIGINT NOT NULL,
  handle TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  account_fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  state TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  lease_owner TEXT,
  lease_until BIGINT,
  numbers TEXT,
  sent_at BIGINT,
  sends BIGINT NOT NULL,
  unsent BIGINT NOT NULL,
  next_check_at BIGINT,
  checks BIGINT NOT NULL,
  sweep_at BIGINT,
  sweeps BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (purchase_id, n)
);
CREATE UNIQUE INDEX one_open ON attempt (purchase_id) WHERE state IN ('prepared', 'sending', 'unknown');
CREATE INDEX attempt_open ON attempt (state, next_check_at) WHERE state IN ('prepared', 'sending', 'unknown');
CREATE INDEX attempt_sweep ON attempt (sweep_at) WHERE sweep_at IS NOT NULL;

CREATE TABLE evidence (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  at BIGINT NOT NULL,
  http_status BIGINT,
  body_sealed BYTEA NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE INDEX evidence_by_subject ON evidence (subject);
-- Evidence is only ever added. What it says cannot be changed; the sealed form may be renewed under a new key.
CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence
  FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER evidence_fixed BEFORE UPDATE OF id, tenant, subject, kind, at, http_status, sha256 ON evidence
  FOR EACH ROW EXECUTE FUNCTION only_added();

CREATE TABLE document (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  piece BIGINT,
  kind TEXT NOT NULL,
  format TEXT NOT NULL,
  meta TEXT NOT NULL,
  bytes_sealed BYTEA NOT NULL,
  sha256 TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX document_by_subject ON document (subject);

CREATE TABLE label (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  purchase_id TEXT NOT NULL REFERENCES purchase (id),
  attempt_id TEXT NOT NULL REFERENCES attempt (id),
  piece BIGINT NOT NULL,
  copy BIGINT NOT NULL,
  carrier TEXT NOT NULL,
  account TEXT NOT NULL,
  environment TEXT NOT NULL,
  tracking TEXT NOT NULL,
  shipment_key TEXT NOT NULL,
  carrier_data TEXT,
  service TEXT NOT NULL,
  state TEXT NOT NULL,
  price TEXT,
  document_id TEXT,
  sold_at BIGINT NOT NULL,
  voided_at BIGINT,
  UNIQUE (attempt_id, piece, copy)
);
-- Test environments answer with canned numbers; a number is unique where labels are real.
CREATE UNIQUE INDEX one_number ON label (carrier, account, tracking) WHERE environment = 'production';
CREATE INDEX label_by_purchase ON label (purchase_id);
CREATE INDEX label_by_number ON label (tracking);

CREATE TABLE carrier_op (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  account TEXT NOT NULL,
  account_fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  handle TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  purpose TEXT NOT NULL,
  request_sealed BYTEA NOT NULL,
  reply_sealed BYTEA,
  epoch BIGINT NOT NULL,
  lease_owner TEXT,
  lease_until BIGINT,
  sent_at BIGINT,
  next_check_at BIGINT,
  checks BIGINT NOT NULL,
  attention TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX op_open ON carrier_op (state, next_check_at) WHERE state IN ('prepared', 'sending', 'unknown');
CREATE UNIQUE INDEX one_void ON carrier_op (target)
  WHERE kind = 'void' AND state IN ('prepared', 'sending', 'unknown', 'needs_attention');
CREATE INDEX op_by_target ON carrier_op (target);

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  position BIGINT UNIQUE,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  n BIGINT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (subject, n)
);
CREATE INDEX outbox_waiting ON outbox (created_at) WHERE position IS NULL;

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE spend_cap (
  tenant TEXT NOT NULL,
  currency TEXT NOT NULL,
  per_label_minor BIGINT,
  per_day_minor BIGINT,
  PRIMARY KEY (tenant, currency)
);
CREATE TABLE spend_day (
  tenant TEXT NOT NULL,
  currency TEXT NOT NULL,
  day TEXT NOT NULL,
  used_minor BIGINT NOT NULL,
  PRIMARY KEY (tenant, currency, day)
);

CREATE TABLE credential (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  carrier TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, account)
);

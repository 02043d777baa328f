-- Purchases, attempts, evidence, labels. Times are milliseconds since 1970 on the database's clock; prices are exact
-- decimals with their currency as text (`12.49 USD`); counters that are compared in SQL are minor units.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL,
  detail TEXT
);

CREATE TABLE idempotency (
  tenant TEXT NOT NULL,
  route TEXT NOT NULL,
  idem_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  target TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, route, idem_key)
);

CREATE TABLE purchase (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  business_key TEXT NOT NULL,
  additional INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  parcel INTEGER NOT NULL,
  parcels INTEGER NOT NULL,
  state TEXT NOT NULL,
  carrier TEXT NOT NULL,
  account TEXT NOT NULL,
  environment TEXT NOT NULL,
  service TEXT NOT NULL,
  quoted TEXT,
  max_price TEXT,
  charged TEXT,
  reserved_minor INTEGER NOT NULL,
  reserved_currency TEXT,
  reserved_day TEXT,
  settlement TEXT,
  policy TEXT NOT NULL,
  order_sealed BLOB NOT NULL,
  current_attempt INTEGER NOT NULL,
  resolve_deadline INTEGER,
  attention TEXT,
  failure TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
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
  n INTEGER NOT NULL,
  handle TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  account_fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  state TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lease_owner TEXT,
  lease_until INTEGER,
  numbers TEXT,
  sent_at INTEGER,
  sends INTEGER NOT NULL,
  unsent INTEGER NOT NULL,
  next_check_at INTEGER,
  checks INTEGER NOT NULL,
  sweep_at INTEGER,
  sweeps INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
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
  at INTEGER NOT NULL,
  http_status INTEGER,
  body_sealed BLOB NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE INDEX evidence_by_subject ON evidence (subject);
-- Evidence is only ever added. What it says cannot be changed; the sealed form may be renewed under a new key.
CREATE TRIGGER evidence_kept BEFORE DELETE ON evidence
  BEGIN SELECT RAISE(ABORT, 'evidence is only ever added'); END;
CREATE TRIGGER evidence_fixed BEFORE UPDATE OF id, tenant, subject, kind, at, http_status, sha256 ON evidence
  BEGIN SELECT RAISE(ABORT, 'evidence is only ever added'); END;

CREATE TABLE document (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  piece INTEGER,
  kind TEXT NOT NULL,
  format TEXT NOT NULL,
  meta TEXT NOT NULL,
  bytes_sealed BLOB NOT NULL,
  sha256 TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX document_by_subject ON document (subject);

CREATE TABLE label (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  purchase_id TEXT NOT NULL REFERENCES purchase (id),
  attempt_id TEXT NOT NULL REFERENCES attempt (id),
  piece INTEGER NOT NULL,
  copy INTEGER NOT NULL,
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
  sold_at INTEGER NOT NULL,
  voided_at INTEGER,
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
  request_sealed BLOB NOT NULL,
  reply_sealed BLOB,
  epoch INTEGER NOT NULL,
  lease_owner TEXT,
  lease_until INTEGER,
  sent_at INTEGER,
  next_check_at INTEGER,
  checks INTEGER NOT NULL,
  attention TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX op_open ON carrier_op (state, next_check_at) WHERE state IN ('prepared', 'sending', 'unknown');
CREATE UNIQUE INDEX one_void ON carrier_op (target)
  WHERE kind = 'void' AND state IN ('prepared', 'sending', 'unknown', 'needs_attention');
CREATE INDEX op_by_target ON carrier_op (target);

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  position INTEGER UNIQUE,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (subject, n)
);
CREATE INDEX outbox_waiting ON outbox (created_at) WHERE position IS NULL;

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
);

CREATE TABLE spend_cap (
  tenant TEXT NOT NULL,
  currency TEXT NOT NULL,
  per_label_minor INTEGER,
  per_day_minor INTEGER,
  PRIMARY KEY (tenant, currency)
);
CREATE TABLE spend_day (
  tenant TEXT NOT NULL,
  currency TEXT NOT NULL,
  day TEXT NOT NULL,
  used_minor INTEGER NOT NULL,
  PRIMARY KEY (tenant, currency, day)
);

CREATE TABLE credential (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  carrier TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, account)
);

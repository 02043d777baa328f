-- The settlement ledger: entries are only ever added.

CREATE TABLE charge_entry (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  carrier TEXT NOT NULL,
  account TEXT NOT NULL,
  purchase_id TEXT,
  tracking TEXT,
  reference TEXT,
  kind TEXT NOT NULL,
  amount TEXT,
  weight TEXT,
  source TEXT NOT NULL,
  note TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX entry_by_purchase ON charge_entry (purchase_id);
CREATE INDEX entry_by_number ON charge_entry (tenant, carrier, tracking);
CREATE INDEX entry_by_reference ON charge_entry (tenant, carrier, reference);
CREATE TRIGGER entry_kept BEFORE DELETE ON charge_entry
  BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever added'); END;
CREATE TRIGGER entry_fixed BEFORE UPDATE ON charge_entry
  BEGIN SELECT RAISE(ABORT, 'ledger entries are only ever added'); END;

CREATE TABLE statement (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  carrier TEXT NOT NULL,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  lines INTEGER NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (tenant, carrier, account, sha256)
);
CREATE TABLE statement_line (
  statement_id TEXT NOT NULL REFERENCES statement (id),
  line INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  purchase_id TEXT,
  tracking TEXT,
  reference TEXT,
  amount TEXT,
  expected TEXT,
  note TEXT,
  PRIMARY KEY (statement_id, line)
);
CREATE INDEX line_by_number ON statement_line (tracking);

CREATE TABLE recon_run (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  report TEXT NOT NULL
);

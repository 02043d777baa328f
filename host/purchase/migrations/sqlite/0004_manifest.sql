-- Which manifest a label is on, so that no label is handed over twice.
ALTER TABLE label ADD COLUMN manifest_id TEXT;
CREATE INDEX label_by_account ON label (tenant, account, sold_at);

-- `production` is the one word for accounts whose labels are real: their numbers are unique.
UPDATE purchase SET environment = 'production' WHERE environment = 'live';
UPDATE attempt SET environment = 'production' WHERE environment = 'live';
UPDATE label SET environment = 'production' WHERE environment = 'live';
UPDATE carrier_op SET environment = 'production' WHERE environment = 'live';

-- Nothing asks by it.
DROP INDEX purchase_open;

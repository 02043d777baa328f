-- Sign-ins at carriers under way, so that the shipper may come back to another process. The id is the digest of the state.
CREATE TABLE sign_in (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_by_end ON sign_in (expires_at);

//! Labels and their files.

use std::collections::BTreeMap;

use sqlx::Row;
use sqlx::any::AnyRow;
use waybill_core::{Money, TrackingNumber};

use super::rows::{LabelState, PurchaseRow, PurchaseState, price};
use super::{Change, Db, Result, StoreError};

/// A label to be written down.
#[derive(Debug, Clone)]
pub struct NewLabel {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Purchase.
    pub purchase_id: String,
    /// Attempt that bought it.
    pub attempt_id: String,
    /// Parcel within the purchase's order, from 0.
    pub piece: i64,
    /// Carrier.
    pub carrier: String,
    /// Account.
    pub account: String,
    /// Environment of the account.
    pub environment: String,
    /// Number under the barcode.
    pub tracking: String,
    /// The carrier's key of the shipment.
    pub shipment_key: String,
    /// The carrier's own data for voiding and reprinting.
    pub carrier_data: Option<String>,
    /// Service.
    pub service: String,
    /// Price, where the carrier states one for the piece or the shipment (then on the first piece).
    pub price: Option<Money>,
    /// Stored file.
    pub document_id: Option<String>,
}

impl NewLabel {
    /// Writes it down, once per number.
    pub(crate) fn insert(&self) -> Change {
        Change::new(
            "INSERT INTO label (id, tenant, purchase_id, attempt_id, piece, copy, carrier, account, environment, \
             tracking, shipment_key, carrier_data, service, state, price, document_id, sold_at) \
             SELECT $1, $2, $3, $4, $5, \
             (SELECT COALESCE(MAX(copy), -1) + 1 FROM label WHERE attempt_id = $4 AND piece = $5), \
             $6, $7, $8, $9, $10, $11, $12, 'live', $13, $14, {now} \
             WHERE NOT EXISTS (SELECT 1 FROM label WHERE tracking = $9 AND carrier = $6 AND account = $7 \
             AND (purchase_id = $3 OR environment = 'production')) AND {before} ON CONFLICT DO NOTHING",
            [
                (&self.id).into(),
                (&self.tenant).into(),
                (&self.purchase_id).into(),
                (&self.attempt_id).into(),
                self.piece.into(),
                (&self.carrier).into(),
                (&self.account).into(),
                (&self.environment).into(),
                (&self.tracking).into(),
                (&self.shipment_key).into(),
                (&self.carrier_data).into(),
                (&self.service).into(),
                self.price.map(super::purchases::text).into(),
                (&self.document_id).into(),
            ],
        )
    }
}

/// A label.
#[derive(Debug, Clone)]
pub struct LabelRow {
    /// What was written down.
    pub new: NewLabel,
    /// 0 for the label that counts, more for extras of the same piece.
    pub copy: i64,
    /// Where it stands.
    pub state: LabelState,
    /// When it was sold, in milliseconds since 1970.
    pub sold_at: i64,
    /// When it was voided.
    pub voided_at: Option<i64>,
}

/// What became of writing a label down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inserted {
    New,
    /// The number is recorded under this purchase already.
    Known {
        purchase: String,
    },
}

/// A file to be stored.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Attempt or operation that it came from.
    pub subject: String,
    /// Parcel, from 0; `None` for all.
    pub piece: Option<i64>,
    /// What it is.
    pub kind: String,
    /// File format.
    pub format: String,
    /// The document without its bytes, as JSON.
    pub meta: String,
    /// Its bytes, sealed.
    pub bytes_sealed: Vec<u8>,
    /// SHA-256 of the bytes before sealing, hexadecimal.
    pub sha256: String,
}

/// A stored file.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// What was written down.
    pub new: NewDocument,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

fn label(row: &AnyRow) -> Result<LabelRow> {
    let state: String = row.try_get("state")?;
    Ok(LabelRow {
        new: NewLabel {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            purchase_id: row.try_get("purchase_id")?,
            attempt_id: row.try_get("attempt_id")?,
            piece: row.try_get("piece")?,
            carrier: row.try_get("carrier")?,
            account: row.try_get("account")?,
            environment: row.try_get("environment")?,
            tracking: row.try_get("tracking")?,
            shipment_key: row.try_get("shipment_key")?,
            carrier_data: row.try_get("carrier_data")?,
            service: row.try_get("service")?,
            price: price(row, "price")?,
            document_id: row.try_get("document_id")?,
        },
        copy: row.try_get("copy")?,
        state: LabelState::parse(&state).ok_or(StoreError::Corrupt(state))?,
        sold_at: row.try_get("sold_at")?,
        voided_at: row.try_get("voided_at")?,
    })
}

impl NewDocument {
    /// Stores it.
    pub(crate) fn insert(&self) -> Change {
        Change::new(
            "INSERT INTO document (id, tenant, subject, piece, kind, format, meta, bytes_sealed, sha256, at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, {now} WHERE {before} ON CONFLICT DO NOTHING",
            [
                (&self.id).into(),
                (&self.tenant).into(),
                (&self.subject).into(),
                self.piece.into(),
                (&self.kind).into(),
                (&self.format).into(),
                (&self.meta).into(),
                (&self.bytes_sealed).into(),
                (&self.sha256).into(),
            ],
        )
    }
}

impl Db<'_> {
    /// Writes a label down, once per number.
    pub(crate) async fn insert_label(&mut self, new: &NewLabel) -> Result<Inserted> {
        if self.make(new.insert()).await? == 1 {
            return Ok(Inserted::New);
        }
        let query = self
            .sql(
                "SELECT purchase_id FROM label WHERE tracking = $1 AND carrier = $2 AND account = $3 \
                 ORDER BY CASE WHEN purchase_id = $4 THEN 0 ELSE 1 END LIMIT 1",
            )
            .bind(new.tracking.clone())
            .bind(new.carrier.clone())
            .bind(new.account.clone())
            .bind(new.purchase_id.clone());
        match self.one(query).await? {
            Some(row) => Ok(Inserted::Known { purchase: row.try_get(0)? }),
            None => {
                Err(StoreError::Corrupt("a label was refused by the database for no visible reason".into()))
            }
        }
    }

    /// Gives a label that has no stored file its file. False when it has one.
    pub(crate) async fn set_label_document(&mut self, new: &NewLabel, document: &str) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE label SET document_id = $1 \
                 WHERE purchase_id = $2 AND tracking = $3 AND state = 'live' AND document_id IS NULL",
            )
            .bind(document.to_owned())
            .bind(new.purchase_id.clone())
            .bind(new.tracking.clone());
        Ok(self.run(update).await? == 1)
    }

    /// Gives a live label that was recorded without a price its price. False when it has one.
    pub(crate) async fn set_label_price(&mut self, new: &NewLabel) -> Result<bool> {
        let Some(price) = new.price else { return Ok(false) };
        let update = self
            .sql(
                "UPDATE label SET price = $1 \
                 WHERE purchase_id = $2 AND tracking = $3 AND state = 'live' AND price IS NULL",
            )
            .bind(super::purchases::text(price))
            .bind(new.purchase_id.clone())
            .bind(new.tracking.clone());
        Ok(self.run(update).await? == 1)
    }

    /// All labels of a purchase, void ones too.
    pub async fn labels(&mut self, purchase: &str) -> Result<Vec<LabelRow>> {
        let query = self
            .sql("SELECT * FROM label WHERE purchase_id = $1 ORDER BY piece, sold_at, id")
            .bind(purchase.to_owned());
        self.all(query).await?.iter().map(label).collect()
    }

    /// All labels sold since a time, of all tenants or one.
    pub async fn labels_since(&mut self, tenant: Option<&str>, since: i64) -> Result<Vec<LabelRow>> {
        let query = self
            .sql("SELECT * FROM label WHERE sold_at >= $1 AND ($2 = '' OR tenant = $2) ORDER BY sold_at, id")
            .bind(since)
            .bind(tenant.unwrap_or_default().to_owned());
        self.all(query).await?.iter().map(label).collect()
    }

    /// Voids labels of a purchase by number.
    pub(crate) async fn void_labels(&mut self, purchase: &str, tracking: &[String]) -> Result<u64> {
        let mut voided = 0;
        for number in tracking {
            let update = self
                .sql(
                    "UPDATE label SET state = 'voided', voided_at = {now} \
                     WHERE purchase_id = $1 AND tracking = $2 AND state = 'live'",
                )
                .bind(purchase.to_owned())
                .bind(number.clone());
            voided += self.run(update).await?;
        }
        Ok(voided)
    }

    /// Stores a file.
    pub(crate) async fn insert_document(&mut self, new: &NewDocument) -> Result<()> {
        self.make(new.insert()).await.map(drop)
    }

    /// Files that came from an attempt or operation, in the order of parcels.
    pub async fn documents(&mut self, subject: &str) -> Result<Vec<StoredDocument>> {
        let query = self
            .sql("SELECT * FROM document WHERE subject = $1 ORDER BY COALESCE(piece, -1), at, id")
            .bind(subject.to_owned());
        self.all(query)
            .await?
            .iter()
            .map(|row| {
                Ok(StoredDocument {
                    new: NewDocument {
                        id: row.try_get("id")?,
                        tenant: row.try_get("tenant")?,
                        subject: row.try_get("subject")?,
                        piece: row.try_get("piece")?,
                        kind: row.try_get("kind")?,
                        format: row.try_get("format")?,
                        meta: row.try_get("meta")?,
                        bytes_sealed: row.try_get("bytes_sealed")?,
                        sha256: row.try_get("sha256")?,
                    },
                    at: row.try_get("at")?,
                })
            })
            .collect()
    }

    /// Live labels of an account that are on no manifest, with their purchases, oldest first.
    pub(crate) async fn labels_without_manifest(
        &mut self,
        tenant: &str,
        account: &str,
        limit: i64,
    ) -> Result<Vec<(PurchaseRow, Vec<LabelRow>)>> {
        let query = self
            .sql(
                "SELECT * FROM label WHERE tenant = $1 AND account = $2 AND state = 'live' AND manifest_id IS NULL \
                 ORDER BY sold_at DESC, id LIMIT $3",
            )
            .bind(tenant.to_owned())
            .bind(account.to_owned())
            .bind(limit);
        let labels: Vec<LabelRow> = self.all(query).await?.iter().map(label).collect::<Result<_>>()?;
        let mut of_purchase: BTreeMap<String, Vec<LabelRow>> = BTreeMap::new();
        for label in labels {
            of_purchase.entry(label.new.purchase_id.clone()).or_default().push(label);
        }
        let mut found = Vec::with_capacity(of_purchase.len());
        for (id, labels) in of_purchase {
            // What is being voided, or waits for a person, is not handed over.
            let bought =
                |row: &PurchaseRow| matches!(row.state, PurchaseState::Bought | PurchaseState::Partial);
            found.extend(self.purchase(&id).await?.filter(bought).map(|row| (row, labels)));
        }
        Ok(found)
    }

    /// Puts labels on a manifest. A number that is void or on another manifest is answered, and the caller undoes the
    /// transaction; numbers that were bought elsewhere are nobody's business here.
    pub(crate) async fn put_on_manifest(
        &mut self,
        manifest: &super::NewOp,
        tracking: &[TrackingNumber],
    ) -> Result<Option<TrackingNumber>> {
        for number in tracking {
            let update = self
                .sql(
                    "UPDATE label SET manifest_id = $1 WHERE tenant = $2 AND account = $3 AND tracking = $4 \
                     AND state = 'live' AND manifest_id IS NULL",
                )
                .bind(manifest.id.clone())
                .bind(manifest.tenant.clone())
                .bind(manifest.account.clone())
                .bind(number.as_str().to_owned());
            if self.run(update).await? == 0 && self.has_label(manifest, number).await? {
                return Ok(Some(number.clone()));
            }
        }
        Ok(None)
    }

    async fn has_label(&mut self, manifest: &super::NewOp, number: &TrackingNumber) -> Result<bool> {
        let query = self
            .sql("SELECT id FROM label WHERE tenant = $1 AND account = $2 AND tracking = $3 LIMIT 1")
            .bind(manifest.tenant.clone())
            .bind(manifest.account.clone())
            .bind(number.as_str().to_owned());
        Ok(self.one(query).await?.is_some())
    }

    /// Takes labels off a manifest again: all, or the named ones.
    pub(crate) async fn take_off_manifest(
        &mut self,
        manifest: &str,
        only: Option<&[TrackingNumber]>,
    ) -> Result<()> {
        let all = [TrackingNumber::from("")];
        for number in only.unwrap_or(&all) {
            let update = self
                .sql("UPDATE label SET manifest_id = NULL WHERE manifest_id = $1 AND ($2 = '' OR tracking = $2)")
                .bind(manifest.to_owned())
                .bind(number.as_str().to_owned());
            self.run(update).await?;
        }
        Ok(())
    }

    /// Before the day is closed, attempts that were found absent are asked about once more.
    pub(crate) async fn sweep_absent(&mut self, tenant: &str, account: &str) -> Result<u64> {
        let update = self
            .sql(
                "UPDATE attempt SET sweep_at = {now} WHERE account = $1 AND state = 'absent' AND sent_at > {now} - 259200000 \
                 AND EXISTS (SELECT 1 FROM purchase p WHERE p.id = attempt.purchase_id AND p.tenant = $2)",
            )
            .bind(account.to_owned())
            .bind(tenant.to_owned());
        self.run(update).await
    }
}

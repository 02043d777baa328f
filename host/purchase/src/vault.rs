//! The vault: credentials of accounts, sealed at rest, by tenant and account.

use std::time::Duration;

use sha2::{Digest, Sha256};
use waybill_core::Secret;

use crate::seal::{Place, Sealer, hex};
use crate::store::{CredentialInfo, Store, StoreError};

/// Stores, opens, lists and forgets credentials. Cheap to clone.
///
/// What is stored is a text of the caller's, such as an account's settings as JSON. It is sealed here with the first key of
/// the ring, with its row and tenant as associated data: moved to another account or tenant it does not open. Without a
/// key nothing is stored ([`crate::SealError::NoKey`]).
///
/// ```no_run
/// # use waybill_core::Secret;
/// # use waybill_purchase::*;
/// # async fn run(store: Store) -> Result<(), StoreError> {
/// let sealer = Sealer::from_sources(&[KeySource::Env("WAYBILL_KEY".into())])?;
/// let vault = Vault::new(store, sealer);
/// vault.put("default", "ups-main", "ups", &Secret::new(r#"{"client_secret":"…"}"#)).await?;
/// for stored in vault.list(Some("default")).await? {
///     println!("{} at {}", stored.account, stored.carrier);
/// }
/// let opened = vault.get("default", "ups-main").await?;
/// vault.remove("default", "ups-main").await?;
/// # drop(opened); Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Vault {
    store: Store,
    sealer: Sealer,
}

/// A credential, opened. Its debug form shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// What is known of it without opening it.
    pub info: CredentialInfo,
    /// The text that was stored.
    pub secret: Secret,
}

impl Vault {
    /// A vault in a store. It needs no engine, so that accounts can be opened before one runs.
    pub fn new(store: Store, sealer: Sealer) -> Self {
        Self { store, sealer }
    }

    /// Whether there is a key, so that credentials can be stored.
    pub fn has_key(&self) -> bool {
        self.sealer.has_key()
    }

    /// Stores a credential, sealed; an older one of the account is replaced.
    ///
    /// # Errors
    /// [`StoreError::Seal`] without a key: nothing is stored plain.
    pub async fn put(
        &self,
        tenant: &str,
        account: &str,
        carrier: &str,
        secret: &Secret,
    ) -> Result<(), StoreError> {
        let row = row(tenant, account);
        let sealed = self.sealer.seal_strictly(place(&row, tenant), secret.expose().as_bytes())?;
        let (tenant, account, carrier) = (tenant.to_owned(), account.to_owned(), carrier.to_owned());
        self.store
            .write(move |mut db| {
                Box::pin(async move { db.put_sealed_credential(&tenant, &account, &carrier, sealed).await })
            })
            .await
    }

    /// A stored credential, opened; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Seal`] when it was sealed with a key that is not given, or was changed or moved.
    pub async fn get(&self, tenant: &str, account: &str) -> Result<Option<Credential>, StoreError> {
        let (owner, name) = (tenant.to_owned(), account.to_owned());
        let found = self
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move { db.sealed_credential(&owner, &name).await })
            })
            .await?;
        let Some((info, sealed)) = found else { return Ok(None) };
        let bytes = self.sealer.open(place(&row(tenant, account), tenant), &sealed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| StoreError::Corrupt(format!("the credential of account `{account}` is no text")))?;
        Ok(Some(Credential { info, secret: Secret::new(text) }))
    }

    /// The stored credentials of a tenant, or of all, without their content.
    pub async fn list(&self, tenant: Option<&str>) -> Result<Vec<CredentialInfo>, StoreError> {
        let tenant = tenant.map(str::to_owned);
        self.store.read(|mut db| Box::pin(async move { db.credentials(tenant.as_deref()).await })).await
    }

    /// Forgets a credential. False when there was none.
    pub async fn remove(&self, tenant: &str, account: &str) -> Result<bool, StoreError> {
        let (tenant, account) = (tenant.to_owned(), account.to_owned());
        self.store
            .write(move |mut db| Box::pin(async move { db.remove_credential(&tenant, &account).await }))
            .await
    }
}

/// A sign-in that was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The text that was stored.
    pub secret: Secret,
    /// Its time had not passed.
    pub in_time: bool,
}

impl Vault {
    /// Keeps what is needed to finish a sign-in at a carrier, sealed, under the state that the carrier hands back. Any process
    /// on the store can take it out again.
    ///
    /// # Errors
    /// [`StoreError::Seal`] without a key: nothing is stored plain.
    pub async fn put_sign_in(
        &self,
        tenant: &str,
        state: &str,
        secret: &Secret,
        good_for: Duration,
    ) -> Result<(), StoreError> {
        let (id, tenant) = (digest(state), tenant.to_owned());
        let place = Place::new("sign_in", &id, &tenant);
        let sealed = self.sealer.seal_strictly(place, secret.expose().as_bytes())?;
        let milliseconds = i64::try_from(good_for.as_millis()).unwrap_or(i64::MAX);
        self.store
            .write(move |mut db| {
                Box::pin(async move { db.put_sign_in(&id, &tenant, sealed, milliseconds).await })
            })
            .await
    }

    /// Takes a tenant's sign-in out by its state: each is taken once, by one process. `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Seal`] when it was sealed with a key that is not given.
    pub async fn take_sign_in(&self, tenant: &str, state: &str) -> Result<Option<SignIn>, StoreError> {
        let (id, owner) = (digest(state), tenant.to_owned());
        let row = id.clone();
        let taken = self
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.take_sign_in(&row, &owner).await })
            })
            .await?;
        let Some((sealed, in_time)) = taken else { return Ok(None) };
        let bytes = self.sealer.open(Place::new("sign_in", &id, tenant), &sealed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| StoreError::Corrupt("a sign-in that was stored is no text".to_owned()))?;
        Ok(Some(SignIn { secret: Secret::new(text), in_time }))
    }
}

/// The state is a secret of the browser that holds it: the store knows it by its digest.
fn digest(state: &str) -> String {
    hex(&Sha256::digest(state.as_bytes()))
}

/// The row's name in the associated data; with the tenant beside it no two rows share one.
pub(crate) fn row(tenant: &str, account: &str) -> String {
    format!("{tenant}/{account}")
}

pub(crate) fn place<'a>(row: &'a str, tenant: &'a str) -> Place<'a> {
    Place::new("credential", row, tenant)
}

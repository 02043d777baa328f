//! The right to send one request that spends money.

use serde::{Deserialize, Serialize};

/// The right to send **one** request that spends money. It can neither be cloned nor made by a carrier, and sending
/// consumes it, so "at most one send per attempt" is a fact that the compiler checks:
///
/// ```compile_fail,E0382
/// # use waybill_core::{Cx, Request, Result, SpendPermit};
/// async fn buy_twice(cx: &Cx, permit: SpendPermit, first: Request, second: Request) -> Result<()> {
///     cx.spend(permit, first).await?;
///     cx.spend(permit, second).await?; // the permit was moved into the first send
///     Ok(())
/// }
/// ```
///
/// A permit cannot be copied either:
///
/// ```compile_fail,E0599
/// # use waybill_core::SpendPermit;
/// fn keep_one(permit: &SpendPermit) -> SpendPermit {
///     permit.clone()
/// }
/// ```
///
/// The purchase engine issues it after it has committed "sending" to its store. The transport looks its id up in the
/// engine's list of open permits and strikes it off before the first byte leaves, so a permit that was made up, or used
/// in an earlier call, sends nothing.
#[derive(Debug)]
#[must_use = "a permit that is dropped unused means that nothing was sent"]
pub struct SpendPermit {
    id: PermitId,
}

/// Names a permit to the transport.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PermitId(pub String);

impl SpendPermit {
    /// For the host's purchase engine and the plugin boundary only. The transport refuses ids that it does not know.
    #[doc(hidden)]
    pub fn issue(id: PermitId) -> Self {
        Self { id }
    }
    /// Gives the right up to whoever sends.
    #[doc(hidden)]
    pub fn into_id(self) -> PermitId {
        self.id
    }
}

//! The desk where permits to spend are struck off. The purchase engine implements it, the transport asks it.

use async_trait::async_trait;
use waybill_core::{Error, PermitId, Response, Result};

/// Keeps the list of open permits, and the evidence of what their requests brought back.
#[async_trait]
pub trait SpendDesk: Send + Sync {
    /// Strikes a permit off and says whether its request may leave now. Called immediately before the first byte.
    ///
    /// An error means that nothing was sent: the permit is unknown, was used before, or too much time has passed since
    /// "sending" was committed (the send guard).
    async fn begin(&self, permit: &PermitId) -> Result<()>;

    /// Takes the outcome of a request that was let through by [`SpendDesk::begin`], before the carrier parses it: the raw
    /// answer, or how the connection failed (`error.phase` tells whether a byte may have left).
    ///
    /// It must store the evidence durably before it returns. An error makes the call end with an unknown outcome; the
    /// answer is then not given to the carrier.
    async fn finished(&self, permit: &PermitId, outcome: Result<&Response, &Error>) -> Result<()>;
}

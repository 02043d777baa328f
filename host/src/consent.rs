//! Consent on the carrier's own pages (OAuth authorization code with PKCE).

/// Whether a carrier has such pages.
pub(crate) fn offered(_carrier: &str) -> bool {
    false
}

use async_trait::async_trait;
use waybill_core::{Cx, Manifest, ManifestReply, ManifestRequest, Result, SpendPermit};
use waybill_rate_sheet::manifest::hand_over_list;
use waybill_rate_sheet::numbers::is_s10;

use crate::ChinaPost;
use crate::services;

/// The carrier has no call for it: the shipper prints the hand-over list and the postman signs it. No request leaves, so
/// the permit is given back unused.
#[async_trait]
impl Manifest for ChinaPost {
    async fn close(&self, _cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let is_own = |number: &str| {
            is_s10(number) || (number.len() == 13 && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let name = |code: &str| services::row(code).map_or(code, |row| row.name).to_owned();
        let reply = hand_over_list("China Post", request, is_own, name, false)?;
        drop(permit);
        Ok(reply)
    }
}

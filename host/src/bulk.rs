//! Many purchases in one go.

use futures_util::StreamExt;
use waybill_core::{Error, Result};
use waybill_purchase::{BuyReply, BuyRequest};

use crate::waybill::Waybill;

/// Orders in one go.
pub const MOST_AT_ONCE: usize = 100;

/// Purchases that are made at one time.
const PARALLEL: usize = 8;

impl Waybill {
    /// Buys labels for up to [`MOST_AT_ONCE`] orders; the answers are in the order of the requests. More are refused as a
    /// whole, before anything is bought. An order that fails stops and undoes no other. International orders are refused
    /// one by one: they are bought singly, where their customs data is looked at. The same requests again buy nothing twice.
    pub async fn buy_many(&self, requests: Vec<BuyRequest>) -> Result<Vec<Result<BuyReply>>> {
        if requests.len() > MOST_AT_ONCE {
            let problem = format!("{} orders at once", requests.len());
            return Err(Error::invalid_field(
                "requests",
                problem,
                format!("at most {MOST_AT_ONCE}: nothing was bought"),
            ));
        }
        let purchases = self.purchases().await?;
        let bought = requests.into_iter().map(|request| async move {
            if request.shipment.crosses_customs_border() {
                let problem = "international orders are not bought in bulk";
                return Err(Error::invalid_field("shipment", problem, "buy this order by itself")
                    .with("reason", "bulk_international"));
            }
            purchases.buy(request).await
        });
        Ok(futures_util::stream::iter(bought).buffered(PARALLEL).collect().await)
    }
}

//! Numbers before the purchase: `GET /identifiers`, by agreement with DHL.

use waybill_core::{Allocation, Cx, Error, Request, Response, Result, TrackingNumber, wire};

use crate::carrier::Account;
use crate::wire::identifiers::IdentifiersAnswer;
use crate::{auth, error};

const WHAT: &str = "waybill numbers";

/// The message for some numbers of a kind: `SID` waybills, `PID` pieces.
pub(crate) fn request(account: &Account, kind: &str, count: usize) -> Result<Request> {
    let mut url = wire::endpoint(&account.config.base()?, "identifiers");
    url.query_pairs_mut()
        .append_pair("accountNumber", &account.config.account)
        .append_pair("type", kind)
        .append_pair("size", &count.to_string());
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// The numbers in an answer.
pub(crate) fn parse(kind: &str, response: Response) -> Result<Vec<TrackingNumber>> {
    let response = error::ok(response, WHAT)?;
    let answer: IdentifiersAnswer = wire::parse_json(&response, WHAT)?;
    let lists = answer.identifiers.into_iter();
    let wanted = lists.filter(|list| list.type_code.as_deref().is_none_or(|code| code == kind));
    Ok(wanted.flat_map(|list| list.list).filter_map(|text| text.0).map(TrackingNumber).collect())
}

/// The waybill's number for parcel 0 and a piece number for each further parcel.
pub(crate) async fn allocate(account: &Account, cx: &Cx, parcels: usize) -> Result<Allocation> {
    let mut numbers = draw(account, cx, "SID", 1).await?;
    if parcels > 1 {
        numbers.extend(draw(account, cx, "PID", parcels - 1).await?);
    }
    Ok(Allocation { numbers })
}

async fn draw(account: &Account, cx: &Cx, kind: &str, count: usize) -> Result<Vec<TrackingNumber>> {
    let numbers = parse(kind, cx.change(request(account, kind, count)?).await?)?;
    if numbers.len() < count {
        return Err(Error::malformed(format!("{WHAT}: {count} asked for, {} came", numbers.len())));
    }
    Ok(numbers.into_iter().take(count).collect())
}

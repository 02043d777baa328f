//! What the three gateways share: numbers, orders, labels, cancelling, events, fees.

use chrono::TimeDelta;
use serde_json::{Value, json};
use waybill_documents::Symbology;

use crate::journey::{Scan, Stage};
use crate::paper::{Format, Record, draw};
use crate::world::{self, Place, Region, decimal};
use crate::{Account, Cx, NewSale, Sale, Story};

pub(super) struct Order {
    pub(super) number: Option<String>,
    pub(super) reference: String,
    /// `001` e-Packet, `002` registered packet, `019` e-Packet special, `EMS`.
    pub(super) product: String,
    pub(super) grams: i64,
    pub(super) origin: Place,
    pub(super) destination: Place,
    /// Description, quantity, weight, value, tariff number, origin.
    pub(super) items: Vec<Vec<String>>,
}

pub(super) enum Problem {
    /// A required field is empty.
    Missing,
    /// The destination is not served.
    Destination,
    /// Too heavy.
    Weight,
    /// The English description is missing or not English.
    Description,
    /// The order number was used already.
    Duplicate,
    /// The chosen number is not this customer's or is used.
    Number,
}

impl Problem {
    /// Code of the order call of pcp-erp and its Chinese text.
    pub(super) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("B03", "必填项为空"),
            Self::Destination => ("S15", "寄达国代码错误"),
            Self::Weight => ("B12", "重量超过2000克"),
            Self::Description => ("B13", "英文品名必须为英文"),
            Self::Duplicate => ("B06", "订单号重复"),
            Self::Number => ("B11", "邮件号不可用"),
        }
    }
}

/// A number for later use by this customer.
pub(super) fn allocate(cx: &Cx, account: &Account, product: &str) -> String {
    let letters = match product {
        "002" => "RX",
        "EMS" => "EX",
        _ => "LX",
    };
    let digits = format!("{:08}", 25_000_000 + cx.ledger().next_serial("china-post"));
    let number = format!("{letters}{digits}{}CN", check_digit(&digits));
    cx.remember(&format!("number {number}"), account.number);
    number
}

/// Weights 8 6 4 2 3 5 9 7; eleven less the remainder, with 10 as 0 and 11 as 5.
pub(super) fn check_digit(digits: &str) -> u32 {
    let values = digits.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = values.zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
}

/// Estimated postage in fen: a fee per item and per gram, by region.
pub(super) fn postage(country: &str, grams: i64, discount: i64) -> i64 {
    let (item, per_kilo) = match world::region(country) {
        Region::NorthAmerica => (2500, 8000),
        Region::Europe => (2100, 6500),
        Region::Asia => (1500, 4500),
        Region::Other => (2700, 9000),
    };
    (item + per_kilo * grams.max(1) / 1000) * (1000 - discount) / 1000
}

pub(super) fn order(cx: &Cx, account: &Account, order: Order) -> Result<Sale, Problem> {
    if order.reference.is_empty()
        || order.destination.name.is_empty()
        || order.destination.lines.is_empty()
        || order.grams <= 0
    {
        return Err(Problem::Missing);
    }
    if !world::is_country(&order.destination.country) || order.destination.country == "CN" {
        return Err(Problem::Destination);
    }
    let light = order.product != "EMS";
    if order.grams > if light { 2000 } else { 30_000 } {
        return Err(Problem::Weight);
    }
    let english = |line: &Vec<String>| line.first().is_some_and(|text| !text.is_empty() && text.is_ascii());
    if order.items.is_empty() || !order.items.iter().all(english) {
        return Err(Problem::Description);
    }
    let before = cx.ledger().by_reference("china-post", &order.reference);
    if let Some(sale) = before.into_iter().find(|sale| sale.account == account.number && sale.is_live()) {
        return if cx.quirk("duplicate-ok") { Ok(sale) } else { Err(Problem::Duplicate) };
    }
    let number = match order.number {
        Some(number) => {
            let own = cx.recall(&format!("number {number}")).is_some_and(|owner| owner == account.number);
            if !own || cx.ledger().by_number("china-post", &number).is_some() {
                return Err(Problem::Number);
            }
            number
        }
        None => allocate(cx, account, &order.product),
    };
    let record = Record {
        service_name: match order.product.as_str() {
            "002" => "REGISTERED SMALL PACKET".into(),
            "EMS" => "EMS".into(),
            _ => "E-PACKET".into(),
        },
        days: if light { 10 } else { 5 },
        story: Story::asked_for([order.destination.name.as_str(), order.reference.as_str()]),
        pieces: vec![format!("{} G", order.grams)],
        notes: vec![format!("REF: {}", order.reference)],
        customs: order.items,
        format: "PDF".into(),
        extra: json!({"grams": order.grams}),
        origin: order.origin,
        destination: order.destination,
    };
    let fee = postage(&record.destination.country, order.grams, account.discount);
    Ok(cx.sell(NewSale {
        carrier: "china-post".into(),
        account: account.number.into(),
        handle: Some(order.reference.clone()),
        references: vec![order.reference],
        shipment: number.clone(),
        tracking: vec![number],
        amount: decimal(fee),
        currency: "CNY".into(),
        service: order.product,
        detail: record.text(),
    }))
}

/// The customer's own live sale.
pub(super) fn own(cx: &Cx, account: &Account, number: &str) -> Option<Sale> {
    cx.find_number(number).filter(|sale| sale.account == account.number)
}

/// The label with its CN22, when the mail is not cancelled.
pub(super) fn label(cx: &Cx, account: &Account, number: &str) -> Option<Vec<u8>> {
    let sale = own(cx, account, number).filter(Sale::is_live)?;
    let label = Record::of(&sale).label("CHINA POST", number, 0, Symbology::Code128, number);
    Some(draw(&label, Format::Pdf))
}

/// Cancels before acceptance.
pub(super) fn cancel(cx: &Cx, account: &Account, number: &str) -> bool {
    let Some(sale) = own(cx, account, number).filter(Sale::is_live) else { return false };
    if Record::of(&sale).plan(cx, &sale, number).is_tendered(cx.now()) {
        return false;
    }
    cx.ledger().void(sale.seq, &[], cx.now());
    true
}

/// Fee in fen and weight in grams as the office's scale found them; nothing before acceptance.
pub(super) fn fee(cx: &Cx, account: &Account, number: &str) -> Option<(i64, i64)> {
    let sale = own(cx, account, number)?;
    let record = Record::of(&sale);
    if !record.plan(cx, &sale, number).is_tendered(cx.now()) {
        return None;
    }
    // The scale finds two grams more than declared.
    let grams = record.extra["grams"].as_i64().unwrap_or(0) + 2;
    Some((postage(&record.destination.country, grams, account.discount), grams))
}

/// Scans with operation code, Chinese and English text. A cancelled mail has its own last event.
pub(super) fn events(cx: &Cx, sale: &Sale) -> Vec<(Scan, [&'static str; 3])> {
    let record = Record::of(sale);
    let scans = record.plan(cx, sale, &sale.shipment).scans(cx.now());
    scans.into_iter().filter_map(|scan| words(scan.stage).map(|words| (scan, words))).collect()
}

fn words(stage: Stage) -> Option<[&'static str; 3]> {
    Some(match stage {
        Stage::Created => return None,
        Stage::PickedUp => ["203", "收寄计费信息", "Posting"],
        Stage::Departed => ["389", "处理中心封车", "Despatch from Sorting Center"],
        Stage::CustomsEntered => ["457", "送交海关", "Presented to customs"],
        Stage::CustomsCleared => ["458", "海关放行", "Released by customs"],
        Stage::Arrived => ["305", "到达处理中心", "Arrival at Sorting Center"],
        Stage::OutForDelivery => ["702", "投递邮件接收", "Out for delivery"],
        Stage::Attempted => ["705", "未妥投", "Unsuccessful delivery attempt"],
        Stage::Delayed => ["462", "延误", "Delayed"],
        Stage::HeldForPickup => ["747", "自提柜待取", "Awaiting collection"],
        Stage::Delivered => ["704", "妥投", "Final delivery"],
        Stage::DeliveryReversed => ["743", "妥投撤销", "Delivery revoked"],
        Stage::Refused => ["705", "未妥投:拒收", "Unsuccessful: refused"],
        Stage::Returning => ["708", "退回", "Return"],
        Stage::ReturnedToSender => ["711", "退回妥投", "Returned to sender"],
        Stage::Voided => ["801", "撤单", "Cancelled"],
    })
}

/// Time on Chinese clocks, without a zone.
pub(super) fn china_time(scan: &Scan) -> String {
    (scan.at.naive_utc() + TimeDelta::hours(8)).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Texts of an item in the order in which [`Order::items`] wants them.
pub(super) fn item(value: &Value) -> Vec<String> {
    use crate::http::Json as _;
    let text = |pointer| value.text(pointer).unwrap_or_default();
    let weight = value.text("/carogo_weight").or_else(|| value.text("/cargo_weight")).unwrap_or_default();
    vec![
        text("/cargo_name_en"),
        text("/cargo_quantity"),
        format!("{weight} g"),
        format!("{} {}", text("/cargo_value"), text("/cargo_currency")),
        text("/cargo_serial"),
        text("/cargo_origin_name"),
    ]
}

/// A party of the order JSON that pcp-erp and the open platform share.
pub(super) fn party(value: &Value) -> Place {
    use crate::http::Json as _;
    let text = |pointer| value.text(pointer).unwrap_or_default();
    Place {
        name: text("/name"),
        lines: value.text("/address").into_iter().collect(),
        city: text("/city"),
        state: text("/province"),
        postal: text("/post_code"),
        country: text("/nation").to_uppercase().replace("UK", "GB"),
        residential: true,
    }
}

/// The order JSON that pcp-erp and the open platform share.
pub(super) fn read(body: &Value) -> Order {
    use crate::http::Json as _;
    Order {
        number: body.text("/waybill_no"),
        reference: body.text("/logistics_order_no").unwrap_or_default(),
        product: body.text("/biz_product_no").unwrap_or_else(|| "001".into()),
        grams: body.decimal("/weight").and_then(|grams| i64::try_from(grams.ceil()).ok()).unwrap_or(0),
        origin: party(&body["sender"]),
        destination: party(&body["receiver"]),
        items: body.list("/items").into_iter().map(item).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::check_digit;

    #[test]
    fn check_digits_agree_with_published_numbers() {
        for (digits, check) in
            [("15694736", 2), ("36154916", 5), ("25574400", 9), ("47100000", 0), ("47100003", 5)]
        {
            assert_eq!(check_digit(digits), check, "{digits}");
        }
    }
}

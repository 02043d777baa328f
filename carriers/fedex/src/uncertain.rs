//! Facts that no official source settles, in one place. The README lists them; change them here when FedEx says more.

use waybill_core::{Weight, WeightUnit};

/// Heaviest Ground and Home Delivery parcel. The API guide's packaging table says 70 lb, the same guide and the public
/// service guide speak of 150 lb. The larger is taken: FedEx refuses what it does not want, a local refusal is final.
pub fn ground_max_weight() -> Weight {
    Weight::new(150, WeightUnit::Pound)
}

/// Longest side of an Express parcel, in inches; length plus girth is 165 in for Express and Ground alike.
pub const EXPRESS_MAX_LENGTH: &str = "119in";
/// Longest side of a Ground parcel.
pub const GROUND_MAX_LENGTH: &str = "108in";
/// Length plus girth.
pub const MAX_LENGTH_PLUS_GIRTH: &str = "165in";

/// Most pieces of one shipment. FedEx names a number for rate lines only.
pub const MAX_PIECES: u16 = 100;

/// Whether Ground Economy delivers to post office boxes and to the armed forces overseas.
pub const GROUND_ECONOMY_TO_BOXES: bool = true;

/// Seconds after a sale until the search by reference can be believed when it finds nothing. FedEx states no delay;
/// the index is known to lag before the first scan.
pub const SETTLE_SECONDS: u32 = 300;

/// Days on each side of a purchase within which the search by reference looks. FedEx allows 30 in all.
pub const SEARCH_DAYS: i64 = 10;

/// Days within which a reference of the shipper is tracked: the first and the last one are counted, thirty in all.
pub const REFERENCE_DAYS: i64 = 29;

/// An alert code beside `cancelledShipment: false` that means "it is cancelled already".
pub const ALREADY_CANCELLED_ALERT: &str = "8159";

/// Largest document that is uploaded. FedEx states no figure in its specification; integrators report 5 MB.
pub const MOST_DOCUMENT_BYTES: usize = 5_000_000;

//! `zips`: the served ZIP codes.

use crate::answer::incoming;

incoming! {
    /// `OnTracZipResponse`.
    struct ZipResponse {
        zips: Zips = "Zips",
        error: String = "Error",
    }

    /// The list; may be empty or absent.
    struct Zips {
        zip: Vec<Zip> = "Zip",
    }

    /// A ZIP code where parcels are delivered.
    struct Zip {
        zip_code: String = "zipCode",
        saturday_serviced: String = "saturdayServiced",
        pickup_serviced: String = "pickupServiced",
    }
}

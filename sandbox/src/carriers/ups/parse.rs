//! Reading and checking a shipment, the same for Rating and Ship.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Refusal;
use crate::http::Json as _;
use crate::world::{self, Place};

pub(super) struct Piece {
    pub(super) pounds: Decimal,
    pub(super) billed: i64,
    pub(super) longest: Decimal,
    pub(super) length_and_girth: Decimal,
    pub(super) printed: String,
    /// Cents of declared value.
    pub(super) declared: i64,
    pub(super) signature: Option<String>,
    pub(super) handling: bool,
}

pub(super) struct Shipment {
    pub(super) origin: Place,
    pub(super) destination: Place,
    pub(super) shipper_number: Option<String>,
    pub(super) service: Option<String>,
    pub(super) pieces: Vec<Piece>,
    pub(super) saturday: bool,
    pub(super) negotiated: bool,
    pub(super) signature: Option<String>,
    pub(super) returns: bool,
    pub(super) documents_only: bool,
}

impl Shipment {
    pub(super) fn is_domestic(&self) -> bool {
        self.origin.country == self.destination.country
            || (self.origin.is_us() && self.destination.country == "PR")
            || (self.origin.country == "PR" && self.destination.is_us())
    }

    pub(super) fn billed(&self) -> i64 {
        self.pieces.iter().map(|piece| piece.billed).sum()
    }
}

/// All reference values, package references first, in order.
pub(super) fn references(shipment: &Value) -> Vec<String> {
    let packages = shipment.list("/Package").into_iter().flat_map(|package| package.list("/ReferenceNumber"));
    let own = shipment.list("/ReferenceNumber");
    let mut found: Vec<String> =
        packages.chain(own).filter_map(|reference| reference.text("/Value")).collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|value| seen.insert(value.clone()));
    found
}

/// Reads a shipment. `packaging` names the packaging element, which differs between the two APIs.
pub(super) fn shipment(body: &Value, packaging: &str) -> Result<Shipment, Refusal> {
    let from = if body.has("/ShipFrom") { &body["ShipFrom"] } else { &body["Shipper"] };
    let origin = place(from, "ShipFrom")?;
    let destination = place(&body["ShipTo"], "ShipTo")?;
    let pieces = body
        .list("/Package")
        .into_iter()
        .map(|package| piece(package, packaging))
        .collect::<Result<Vec<_>, _>>()?;
    if pieces.is_empty() {
        return Err((400, "120600", "At least one package is required".into()));
    }
    if pieces.len() > 200 {
        return Err((400, "120601", "A maximum of 200 packages is allowed in a shipment".into()));
    }
    Ok(Shipment {
        origin,
        destination,
        shipper_number: body.text("/Shipper/ShipperNumber"),
        service: body.text("/Service/Code"),
        pieces,
        saturday: body.has("/ShipmentServiceOptions/SaturdayDeliveryIndicator"),
        negotiated: body.has("/ShipmentRatingOptions/NegotiatedRatesIndicator"),
        signature: body.text("/ShipmentServiceOptions/DeliveryConfirmation/DCISType"),
        returns: body.has("/ReturnService") || body.has("/ShipmentServiceOptions/ReturnService"),
        documents_only: body.has("/DocumentsOnlyIndicator"),
    })
}

fn place(party: &Value, which: &str) -> Result<Place, Refusal> {
    let address = &party["Address"];
    let country = address.text("/CountryCode").unwrap_or_default().to_uppercase();
    if country.len() != 2 || !(world::is_country(&country) || country == "PR") {
        let code = if which == "ShipTo" { "111286" } else { "110208" };
        return Err((400, code, format!("Missing or invalid {which} country code")));
    }
    let place = Place {
        name: party.text("/Name").unwrap_or_default(),
        lines: address.list("/AddressLine").iter().filter_map(|line| line.text("")).collect(),
        city: address.text("/City").unwrap_or_default(),
        state: address.text("/StateProvinceCode").unwrap_or_default().to_uppercase(),
        postal: address.text("/PostalCode").unwrap_or_default(),
        residential: address.has("/ResidentialAddressIndicator"),
        country,
    };
    if place.is_us() {
        let Some(state) = world::state_of(&place.postal) else {
            return Err((400, "110206", format!("Missing or invalid postal code for {which}")));
        };
        if !place.state.is_empty() && place.state != state {
            let message =
                format!("The postal code {} is invalid for {} United States.", place.postal, place.state);
            return Err((400, "111285", message));
        }
        return Ok(Place { state: state.to_owned(), ..place });
    }
    Ok(place)
}

fn piece(package: &Value, packaging: &str) -> Result<Piece, Refusal> {
    if !package.has(&format!("/{packaging}/Code")) {
        return Err((400, "120602", format!("Missing or invalid {packaging} code")));
    }
    let unit = package.text("/PackageWeight/UnitOfMeasurement/Code").unwrap_or_default();
    if !matches!(unit.as_str(), "LBS" | "KGS" | "OZS") {
        return Err((400, "120603", "Missing or invalid weight unit of measurement".into()));
    }
    let weight = package.decimal("/PackageWeight/Weight").filter(|weight| *weight > Decimal::ZERO);
    let weight = weight.ok_or((400, "111030", "Packages must weigh more than zero".to_owned()))?;
    let pounds = world::pounds(weight, &unit);
    if pounds > Decimal::from(150) {
        return Err((400, "111035", "The maximum weight per package is 150 pounds".into()));
    }
    let sides = sides(package)?;
    let (mut longest, mut length_and_girth) = (Decimal::ZERO, Decimal::ZERO);
    if let Some(mut sorted) = sides {
        sorted.sort();
        longest = sorted[2];
        length_and_girth = longest + Decimal::TWO * (sorted[0] + sorted[1]);
        if longest > Decimal::from(108) || length_and_girth > Decimal::from(165) {
            return Err((400, "111050", "The package exceeds the maximum size".into()));
        }
    }
    let declared = package.decimal("/PackageServiceOptions/DeclaredValue/MonetaryValue").unwrap_or_default();
    if declared > Decimal::from(50_000) {
        return Err((400, "110951", "The declared value exceeds the maximum".into()));
    }
    Ok(Piece {
        pounds,
        billed: world::billed_pounds(pounds, sides, 139),
        longest,
        length_and_girth,
        printed: format!("{weight} {unit}"),
        declared: i64::try_from((declared * Decimal::ONE_HUNDRED).round()).unwrap_or(0),
        signature: package.text("/PackageServiceOptions/DeliveryConfirmation/DCISType"),
        handling: package.has("/AdditionalHandlingIndicator"),
    })
}

fn sides(package: &Value) -> Result<Option<[Decimal; 3]>, Refusal> {
    if !package.has("/Dimensions") {
        return Ok(None);
    }
    let unit = package.text("/Dimensions/UnitOfMeasurement/Code").unwrap_or_default();
    let side = |name: &str| {
        package
            .decimal(&format!("/Dimensions/{name}"))
            .filter(|value| *value > Decimal::ZERO)
            .map(|value| world::inches(value, &unit))
            .ok_or((400, "120604", format!("Missing or invalid package {name}")))
    };
    Ok(Some([side("Length")?, side("Width")?, side("Height")?]))
}

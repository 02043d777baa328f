//! What is to be shipped: parties, parcels, options, customs, references, who pays.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Customs, PackagingCode};
use crate::{Address, Country, Dimensions, FieldProblem, Money, Weight};

/// Everything a carrier must know to price or to ship.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shipment {
    /// Where the parcels start.
    pub from: Address,
    /// Where they go.
    pub to: Address,
    /// Where undeliverable parcels go, when it is not `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<Address>,
    /// One or more parcels.
    pub parcels: Vec<Parcel>,
    /// Day the parcels are handed over, at the origin. Without it the host takes today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_date: Option<NaiveDate>,
    /// Extras.
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: ShipOptions,
    /// Customs data; needed when the parcels cross a customs border.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customs: Option<Customs>,
    /// Numbers of the shipper, in order of importance; carriers print the first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Who pays what.
    #[serde(default, skip_serializing_if = "is_default")]
    pub billing: Billing,
    /// A return: `from` is the buyer, `to` the shipper who pays.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_return: bool,
    /// What is inside, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// Gross weight.
    pub weight: Weight,
    /// Outer size. Carriers that need it say so; without it dimensional weight cannot be priced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
    /// Packaging by name; `own` when absent.
    #[serde(default = "PackagingCode::own", skip_serializing_if = "PackagingCode::is_own")]
    pub packaging: PackagingCode,
    /// Value to insure or declare to the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_value: Option<Money>,
    /// Numbers of the shipper for this parcel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// What is inside, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Cannot pass a sorting machine (tube, odd shape, soft), when known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub non_machinable: bool,
    /// Dry ice inside, by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_ice: Option<Weight>,
    /// Lithium batteries inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batteries: Vec<Battery>,
    /// Other dangerous goods inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dangerous_goods: Vec<DangerousGoods>,
}

impl Parcel {
    /// A parcel in the shipper's own box.
    pub fn new(weight: Weight, dimensions: Option<Dimensions>) -> Self {
        Self {
            weight,
            dimensions,
            packaging: PackagingCode::own(),
            declared_value: None,
            references: Vec::new(),
            description: None,
            non_machinable: false,
            dry_ice: None,
            batteries: Vec::new(),
            dangerous_goods: Vec::new(),
        }
    }
}

open_enum! {
    /// Who must sign.
    pub enum Signature {
        /// The carrier shall not ask for a signature.
        None = "none",
        /// Proof of delivery without signature.
        Delivery = "delivery",
        /// Anybody at the address, or a neighbour.
        Indirect = "indirect",
        /// Somebody at the address.
        Signature = "signature",
        /// An adult at the address.
        Adult = "adult",
    }
}

open_enum! {
    /// How lithium batteries are packed (UN 3480, 3481, 3090, 3091).
    pub enum BatteryPacking {
        /// Inside the equipment.
        Contained = "contained_in_equipment",
        /// Beside the equipment in one parcel.
        PackedWith = "packed_with_equipment",
        /// Without equipment.
        Standalone = "standalone",
    }
}

open_enum! {
    /// Chemistry of a battery.
    pub enum BatteryKind {
        /// Rechargeable.
        LithiumIon = "lithium_ion",
        /// Not rechargeable.
        LithiumMetal = "lithium_metal",
    }
}

/// Lithium batteries in a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Battery {
    /// Chemistry.
    pub kind: BatteryKind,
    /// How they are packed.
    pub packing: BatteryPacking,
}

/// Dangerous goods in a parcel, as the regulations name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DangerousGoods {
    /// `UN1993`, `ID8000`.
    pub un_number: String,
    /// Proper shipping name.
    pub name: String,
    /// Class or division: `3`, `2.1`.
    pub class: String,
    /// I, II or III.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing_group: Option<String>,
    /// Net quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    /// Unit of the quantity, as the regulation writes it (`L`, `kg`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Shipped as limited quantity.
    #[serde(default)]
    pub limited_quantity: bool,
}

open_enum! {
    /// Who receives alcohol.
    pub enum AlcoholRecipient {
        /// A person; an adult signature is needed.
        Consumer = "consumer",
        /// A licensed dealer.
        Licensee = "licensee",
    }
}

/// Extras of a shipment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShipOptions {
    /// Who must sign; the carrier's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Deliver on Saturday.
    #[serde(skip_serializing_if = "is_default")]
    pub saturday_delivery: bool,
    /// Deliver on Sunday.
    #[serde(skip_serializing_if = "is_default")]
    pub sunday_delivery: bool,
    /// Keep at a counter of the carrier until the recipient comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_at: Option<HoldAt>,
    /// Collect this amount on delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_on_delivery: Option<Money>,
    /// Alcohol inside, and for whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alcohol: Option<AlcoholRecipient>,
    /// The carrier comes to fetch the parcels (not a pickup order by itself).
    #[serde(skip_serializing_if = "is_default")]
    pub carrier_picks_up: bool,
    /// Offset the carbon emissions, where the carrier sells that.
    #[serde(skip_serializing_if = "is_default")]
    pub carbon_neutral: bool,
    /// Send customs documents electronically instead of in a pouch, where the carrier can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paperless_customs: Option<bool>,
    /// E-mail addresses that the carrier informs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<crate::Personal>,
    /// Text printed on the label, where the carrier has room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_text: Option<String>,
    /// Options that only one carrier knows, by the name that its profile declares.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub carrier: BTreeMap<String, String>,
}

/// Where to keep a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldAt {
    /// The carrier's id of the place.
    pub location: String,
    /// Its address, where the carrier wants it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

open_enum! {
    /// What a reference counts.
    pub enum ReferenceKind {
        /// Order number.
        Order = "order",
        /// Invoice number.
        Invoice = "invoice",
        /// Purchase order.
        PurchaseOrder = "purchase_order",
        /// Customer number or text.
        Customer = "customer",
        /// Department or cost centre.
        Department = "department",
        /// Stock keeping unit.
        Sku = "sku",
        /// Return authorisation.
        Rma = "rma",
    }
}

/// A number of the shipper's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it counts.
    pub kind: ReferenceKind,
    /// The number; carriers print 30 to 40 characters.
    pub value: String,
}

impl Reference {
    /// A reference.
    pub fn new(kind: ReferenceKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }
}

/// Who pays for the transport and for duties.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Billing {
    /// Pays the transport.
    #[serde(skip_serializing_if = "is_default")]
    pub transport: Payer,
    /// Pays duties and taxes; from the incoterm when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duties: Option<Payer>,
}

/// A paying party.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "payer", deny_unknown_fields)]
pub enum Payer {
    /// The account that the label is bought on.
    #[default]
    Sender,
    /// The recipient, on its own account where the carrier wants one.
    Recipient {
        /// The recipient's account number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Postal code of that account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        postal_code: Option<String>,
    },
    /// Somebody else's account.
    ThirdParty {
        /// Account number.
        account: String,
        /// Country of that account.
        country: Country,
        /// Postal code of that account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        postal_code: Option<String>,
    },
}

impl Shipment {
    /// A shipment with defaults for everything optional.
    pub fn new(from: Address, to: Address, parcels: Vec<Parcel>) -> Self {
        Self {
            from,
            to,
            return_to: None,
            parcels,
            ship_date: None,
            options: ShipOptions::default(),
            customs: None,
            references: Vec::new(),
            billing: Billing::default(),
            is_return: false,
            description: None,
        }
    }

    /// Both ends in one country, or in the US and its territories.
    pub fn is_domestic(&self) -> bool {
        self.from.country == self.to.country
            || (self.from.country.is_us_or_territory() && self.to.country.is_us_or_territory())
    }

    /// Crosses a customs border. Inside the EU's customs union there is none. US territories and armed-forces
    /// addresses need a customs form with some carriers, which those carriers know.
    pub fn crosses_customs_border(&self) -> bool {
        let inside_the_union = self.from.country.in_eu() && self.to.country.in_eu();
        !self.is_domestic() && !inside_the_union
    }

    /// Sum of the parcels' weights.
    pub fn total_weight(&self) -> Weight {
        Weight::sum(self.parcels.iter().map(|parcel| &parcel.weight))
    }

    /// Mistakes that no carrier could accept: impossible weights, missing parts, bad postal codes.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut found = self.from.problems("from");
        found.extend(self.to.problems("to"));
        if let Some(address) = &self.return_to {
            found.extend(address.problems("return_to"));
        }
        if self.parcels.is_empty() {
            found.push(FieldProblem::new(
                "parcels",
                "there is no parcel",
                "give at least one parcel with its weight",
            ));
        }
        if self.parcels.len() > 200 {
            found.push(FieldProblem::new(
                "parcels",
                "more than 200 parcels",
                "split the shipment: no carrier takes more than 200",
            ));
        }
        for (at, parcel) in self.parcels.iter().enumerate() {
            found.extend(parcel.problems(&format!("parcels[{at}]")));
        }
        if let Some(customs) = &self.customs {
            found.extend(customs.problems("customs"));
        }
        for (at, reference) in self.references.iter().enumerate() {
            if reference.value.trim().is_empty() {
                found.push(FieldProblem::new(
                    format!("references[{at}].value"),
                    "the reference is empty",
                    "give a value or remove it",
                ));
            }
        }
        found
    }
}

impl Parcel {
    fn problems(&self, path: &str) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        // One tonne: heavier goods are freight, which no parcel service takes.
        let tonne = Weight::new(1000, crate::WeightUnit::Kilogram);
        if !self.weight.is_positive() {
            found.push(FieldProblem::new(
                format!("{path}.weight"),
                "the weight is not above zero",
                "give the gross weight, such as 2.5 lb",
            ));
        } else if self.weight > tonne {
            found.push(FieldProblem::new(
                format!("{path}.weight"),
                "heavier than 1000 kg",
                "check the unit; freight is not offered",
            ));
        }
        if self.dimensions.is_some_and(|size| !size.is_positive()) {
            found.push(FieldProblem::new(
                format!("{path}.dimensions"),
                "a side is not above zero",
                "give all three sides, or leave the dimensions out",
            ));
        }
        if self.declared_value.is_some_and(|value| value.amount.is_sign_negative()) {
            found.push(FieldProblem::new(
                format!("{path}.declared_value"),
                "the value is negative",
                "give an amount of zero or more",
            ));
        }
        found
    }
}

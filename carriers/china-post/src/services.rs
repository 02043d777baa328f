//! The catalogue, as data, and the profile made of it.

use waybill_core::{
    Billed, Border, Country, Currency, LabelFormat, LabelOffer, Lane, Length, LengthUnit, Limits, Linking,
    Pieces, Places, Profile, PurchaseTraits, RepeatGuard, Service, ServiceOptions, Settlement, Weight,
    WeightUnit,
};

use crate::config::{Config, Gateway, Payment};

/// A service of China Post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// Our code.
    pub(crate) code: &'static str,
    /// Public name.
    pub(crate) name: &'static str,
    /// Product number at the small packet and open platforms, where it is public.
    pub(crate) product: Option<&'static str>,
    /// Product's Chinese name, which the open platform wants beside the number.
    pub(crate) chinese: &'static str,
    /// Operation and product type at the partner interface.
    pub(crate) eub: Option<(&'static str, &'static str)>,
    /// Heaviest, kg.
    pub(crate) max_kg: u32,
    /// Heaviest to Russia, kg (5 kg since 2025-07-31).
    pub(crate) max_kg_russia: u32,
    /// Length + width + height and longest side, cm.
    pub(crate) sides: Option<(u32, u32)>,
    /// Inside China, with its own order call.
    pub(crate) domestic: bool,
}

const PACKET: Option<(u32, u32)> = Some((90, 60));

/// Services. Sources: the clients' product lists (`FACTS` of the project, sections 2.1, 3.1, 5, 9). Products without a
/// number need one in the settings.
pub(crate) const SERVICES: &[Row] = &[
    Row {
        code: "epacket",
        name: "China Post ePacket",
        product: Some("001"),
        chinese: "E邮宝",
        eub: Some(("0", "0")),
        max_kg: 2,
        max_kg_russia: 5,
        sides: PACKET,
        domestic: false,
    },
    Row {
        code: "epacket-economy",
        name: "China Post ePacket Economy",
        product: Some("019"),
        chinese: "E邮宝特惠",
        eub: None,
        max_kg: 5,
        max_kg_russia: 5,
        sides: PACKET,
        domestic: false,
    },
    Row {
        code: "epacket-priority",
        name: "China Post ePacket Priority",
        product: None,
        chinese: "E邮宝特邮",
        eub: None,
        max_kg: 5,
        max_kg_russia: 5,
        sides: PACKET,
        domestic: false,
    },
    Row {
        code: "registered-packet",
        name: "China Post Registered Packet",
        product: Some("002"),
        chinese: "挂号小包",
        eub: None,
        max_kg: 2,
        max_kg_russia: 2,
        sides: PACKET,
        domestic: false,
    },
    Row {
        code: "eparcel",
        name: "China Post e-Parcel",
        product: None,
        chinese: "E包裹",
        eub: Some(("1", "1")),
        max_kg: 31,
        max_kg_russia: 31,
        sides: Some((200, 105)),
        domestic: false,
    },
    Row {
        code: "eexpress",
        name: "China Post e-Express",
        product: None,
        chinese: "E特快",
        eub: Some(("2", "0")),
        max_kg: 31,
        max_kg_russia: 31,
        sides: None,
        domestic: false,
    },
    Row {
        code: "ems",
        name: "EMS International",
        product: None,
        chinese: "国际特快专递",
        eub: None,
        max_kg: 30,
        max_kg_russia: 30,
        sides: None,
        domestic: false,
    },
    Row {
        code: "ems-domestic",
        name: "EMS China",
        product: Some("1"),
        chinese: "特快专递",
        eub: None,
        max_kg: 30,
        max_kg_russia: 30,
        sides: None,
        domestic: true,
    },
    Row {
        code: "ems-ecommerce",
        name: "EMS China E-commerce",
        product: Some("10"),
        chinese: "电商标快",
        eub: None,
        max_kg: 30,
        max_kg_russia: 30,
        sides: None,
        domestic: true,
    },
];

/// A service by our code.
pub(crate) fn row(code: &str) -> Option<&'static Row> {
    SERVICES.iter().find(|row| row.code == code)
}

impl Row {
    /// The carrier's number of the product for an account; `None` when the account cannot sell it.
    pub(crate) fn number<'a>(
        &'a self,
        gateway: Gateway,
        products: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<&'a str> {
        match gateway {
            Gateway::Eub => self.eub.map(|(operation, _)| operation),
            Gateway::OpenDomestic if !self.domestic => None,
            Gateway::Pcp | Gateway::Open if self.domestic => None,
            Gateway::Pcp | Gateway::Open | Gateway::OpenDomestic => products(self.code).or(self.product),
        }
    }

    /// Heaviest parcel to a country.
    pub(crate) fn max_weight(&self, to: Country) -> Weight {
        let kilograms = if to.as_str() == "RU" { self.max_kg_russia } else { self.max_kg };
        Weight::new(kilograms, WeightUnit::Kilogram)
    }

    fn service(&self, number: &str, batteries: bool) -> Service {
        let border = if self.domestic { Border::Domestic } else { Border::International };
        let places = |inside: bool| if inside { Places::Only(vec![Country::CN]) } else { Places::Anywhere };
        let lane = Lane { from: places(true), to: places(self.domestic), border };
        let cm = |value: u32| Length::new(value, LengthUnit::Centimetre);
        Service {
            limits: Limits {
                max_weight: Some(Weight::new(self.max_kg.max(self.max_kg_russia), WeightUnit::Kilogram)),
                max_side_sum: self.sides.map(|(sum, _)| cm(sum)),
                max_length: self.sides.map(|(_, longest)| cm(longest)),
                // 14 x 11 cm in one text of the carrier, 14 x 9 in another: the smaller one refuses nothing good.
                min_face: (self.sides == PACKET).then(|| (cm(14), cm(9))),
                ..Limits::default()
            },
            options: ServiceOptions { batteries, ..ServiceOptions::default() },
            // No rule about post office boxes is known.
            po_box: true,
            customs_data: !self.domestic,
            ..Service::new(self.code, number, self.name, vec![lane])
        }
    }
}

/// The profile of an account, or of the carrier when no account is there yet.
pub(crate) fn profile(config: Option<&Config>) -> Profile {
    let gateway = config.map(|config| config.gateway).unwrap_or_default();
    let products = |code: &str| config.and_then(|config| config.products.get(code)).map(String::as_str);
    let batteries =
        |code: &str| config.is_some_and(|config| config.battery_services.iter().any(|known| known == code));
    let services = SERVICES
        .iter()
        .filter_map(|row| Some(row.service(row.number(gateway, products)?, batteries(row.code))));
    let hosts: &[&str] = match gateway {
        Gateway::Open | Gateway::OpenDomestic => &["api.ems.com.cn"],
        Gateway::Pcp => &["my.ems.com.cn", "api.ems.com.cn"],
        Gateway::Eub => &["shipping.ems.com.cn", "shipping2.ems.com.cn", "labels.ems.com.cn"],
    };
    let own_hosts = config.into_iter().flat_map(|config| {
        let labels = config.eub.as_ref().and_then(|eub| eub.labels_url.as_ref());
        let track = config.pcp.as_ref().and_then(|pcp| pcp.track_url.as_ref());
        let open = config.open.as_ref().and_then(|open| open.base_url.as_ref());
        labels.into_iter().chain(track).chain(open).filter_map(|url| url.host_str()).map(str::to_owned)
    });
    Profile {
        id: "china-post".into(),
        name: "China Post".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services: services.collect(),
        packagings: Vec::new(),
        labels: vec![LabelOffer::new(LabelFormat::Pdf)],
        carrier_options: Vec::new(),
        pieces: Pieces::OneEach,
        settlement: settlement(config.map(|config| config.payment).unwrap_or_default()),
        purchase: purchase(gateway),
        linking: Linking {
            sellers: Places::Only(vec![Country::CN]),
            reason: "China Post signs contracts with sellers in China only, at a local bureau, and is paid offline; \
                     sellers elsewhere cannot link an account"
                .to_owned(),
        },
        hosts: hosts.iter().map(|host| (*host).to_owned()).chain(own_hosts).collect(),
        quotas: Vec::new(),
        track_batch: 1,
        terms: Vec::new(),
        currencies: vec![Currency::CNY],
    }
}

/// No call charges anything: the office weighs the parcel and bills later.
pub(crate) fn settlement(payment: Payment) -> Settlement {
    let channel = match payment {
        Payment::Monthly => "monthly statement of the accepting office",
        Payment::Prepaid => "prepaid balance, charged when the office has weighed the parcel",
        Payment::Counter => "cash at the counter",
    };
    Settlement::Offline { channel: Some(channel.to_owned()) }
}

/// What can be done about a lost answer. International numbers of the two platforms are drawn first and the label is had
/// by them; domestic EMS and the partner interface give the number with the order and cannot be asked by our own number.
fn purchase(gateway: Gateway) -> PurchaseTraits {
    let chosen = matches!(gateway, Gateway::Open | Gateway::Pcp);
    PurchaseTraits {
        repeat: if chosen { RepeatGuard::ChosenNumber } else { RepeatGuard::None },
        lookup: chosen,
        recovers_label: chosen,
        voids: true,
        billed: Billed::AtTender,
        // Labels may lag the order by seconds.
        settle_seconds: 60,
        recover_within_seconds: None,
        timeout_seconds: 60,
        not_processed: Vec::new(),
    }
}

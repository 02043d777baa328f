use waybill_core::{
    Billed, Carrier, CarrierPlugin, Error, ErrorKind, Label, LabelFormat, LabelOffer, Linking, Manifest,
    Pieces, Profile, PurchaseTraits, RateQuote, RepeatGuard, Result, Settlement,
};

use crate::config::Config;
use crate::sheet::Sheet;

/// A carrier as data. One account is one sheet.
#[derive(Debug)]
pub struct RateSheet {
    pub(crate) sheet: Sheet,
    profile: Profile,
}

impl RateSheet {
    /// A carrier of a sheet that was checked.
    pub fn new(sheet: Sheet) -> Self {
        let profile = profile(Some(&sheet));
        Self { sheet, profile }
    }

    pub(crate) fn settlement(&self) -> Settlement {
        self.profile.settlement.clone()
    }
}

impl Carrier for RateSheet {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
    fn label(&self) -> Option<&dyn Label> {
        (!self.sheet.numbers.is_empty()).then_some(self)
    }
    fn manifest(&self) -> Option<&dyn Manifest> {
        (!self.sheet.numbers.is_empty()).then_some(self)
    }
}

fn profile(sheet: Option<&Sheet>) -> Profile {
    let sells = sheet.is_none_or(|sheet| !sheet.numbers.is_empty());
    Profile {
        id: RateSheet::ID.into(),
        name: sheet.map_or_else(|| "Rate sheet".to_owned(), |sheet| sheet.name.clone()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services: sheet
            .map(|sheet| sheet.services.iter().map(|service| service.service.clone()).collect())
            .unwrap_or_default(),
        packagings: Vec::new(),
        labels: if sells {
            vec![LabelOffer::new(LabelFormat::Pdf), LabelOffer::at(LabelFormat::Zpl, &[203, 300])]
        } else {
            Vec::new()
        },
        carrier_options: Vec::new(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::Offline { channel: sheet.and_then(|sheet| sheet.settlement.clone()) },
        // Nothing is sold anywhere: a label is a drawing of its number, so the same number is the same label and a
        // lost one is drawn again.
        purchase: PurchaseTraits {
            repeat: RepeatGuard::ChosenNumber,
            lookup: true,
            recovers_label: true,
            voids: false,
            billed: Billed::AtTender,
            settle_seconds: 0,
            recover_within_seconds: None,
            timeout_seconds: 10,
            not_processed: Vec::new(),
        },
        linking: Linking::everybody(),
        hosts: Vec::new(),
        quotas: Vec::new(),
        track_batch: 1,
        terms: Vec::new(),
        currencies: sheet.map(|sheet| vec![sheet.currency]).unwrap_or_default(),
    }
}

impl CarrierPlugin for RateSheet {
    const ID: &'static str = "rate-sheet";
    type Config = Config;

    fn profile() -> Profile {
        profile(None)
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        let sheet = config.load()?;
        if sheet.services.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the sheet has no service"));
        }
        Ok(Box::new(Self::new(sheet)))
    }

    fn example() -> &'static str {
        include_str!("../fixtures/own/example.toml")
    }
}

//! Prices: the request. [`crate::rate_reply`] reads the answer.

use async_trait::async_trait;
use chrono::{Datelike, Weekday};
use waybill_core::{Cx, Error, PackagingCode, RateQuote, RateReply, RateRequest, Result, Service, Shipment};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::wire::AccountNumber;
use crate::wire::rate::{ControlParameters, RatePackage, RateQuoteRequest, RequestedShipment};
use crate::{currency, customs, dates, parts, rate_reply, services, special};

const PATH: &str = "/rate/v1/rates/quotes";

#[async_trait]
impl RateQuote for FedEx {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        // What the catalogue or the account rules out cannot be bought: it is not offered, whatever FedEx quotes.
        let refused = self.local_refusals(request);
        let open = |service: &&Service| {
            request.wants(&service.code) && refused.iter().all(|known| known.service != service.code)
        };
        if !self.catalogue().services.iter().any(|service| open(&service)) {
            return Ok(RateReply { rejected: refused, ..RateReply::default() });
        }
        let call = Call::post(PATH, &self.rate_request(request)?)?;
        let response = self.ask(cx, Project::Ship, &call).await?;
        let mut reply = rate_reply::read(&response, self.catalogue(), request)?;
        reply.rates.retain(|rate| refused.iter().all(|known| known.service != rate.service));
        reply.rejected.retain(|rejected| refused.iter().all(|known| known.service != rejected.service));
        reply.rejected.extend(refused);
        if self.config().explain_missing {
            self.explain(cx, request, &mut reply).await;
        }
        Ok(reply.complete(self.catalogue(), request))
    }
}

impl FedEx {
    /// The request for prices.
    pub(crate) fn rate_request(&self, request: &RateRequest) -> Result<RateQuoteRequest> {
        let shipment = &request.shipment;
        let service = self.only_service(request);
        let economy = special::ground_economy(self.config(), shipment);
        let mut carrier_codes = vec!["FDXE", "FDXG"];
        if economy.is_some() {
            carrier_codes.push("FXSP");
        }
        let saturday = shipment.options.saturday_delivery;
        Ok(RateQuoteRequest {
            account_number: self.account_number(),
            rate_request_control_parameters: ControlParameters {
                return_transit_times: true,
                services_needed_on_rate_failure: true,
                variable_options: (!saturday && saturday_is_near(shipment)).then_some("SATURDAY_DELIVERY"),
            },
            carrier_codes,
            requested_shipment: self.rated_shipment(request, service, economy)?,
        })
    }

    fn rated_shipment(
        &self,
        request: &RateRequest,
        service: Option<String>,
        economy: Option<crate::wire::SmartPostInfoDetail>,
    ) -> Result<RequestedShipment> {
        let shipment = &request.shipment;
        let unit = parts::unit_of(shipment);
        let mut kinds = vec!["ACCOUNT", "LIST"];
        if request.currency.is_some() {
            kinds.push("PREFERRED");
        }
        let mut options =
            special::shipment(shipment, service.as_deref(), shipment.options.saturday_delivery)?;
        // A price needs neither the street of the counter nor the number of the return authorisation.
        if let Some(options) = &mut options {
            if let Some(hold) = &mut options.hold_at_location_detail {
                hold.location_contact_and_address = None;
            }
            if let Some(back) = &mut options.return_shipment_detail {
                back.rma = None;
            }
        }
        let wants_economy = service.as_deref().is_none_or(|code| code == services::GROUND_ECONOMY);
        Ok(RequestedShipment {
            shipper: parts::place(&shipment.from),
            recipient: parts::place(&shipment.to),
            service_type: service,
            packaging_type: self.packaging_of(shipment)?,
            // The one place where FedEx takes ISO codes.
            preferred_currency: request.currency.map(|currency| currency.as_str().to_owned()),
            rate_request_type: kinds,
            ship_date_stamp: shipment.ship_date.map(dates::day),
            pickup_type: self.pickup_type(shipment),
            document_shipment: customs::documents_only(shipment),
            total_package_count: u32::try_from(shipment.parcels.len()).unwrap_or(u32::MAX),
            total_weight: None,
            requested_package_line_items: self.rated_packages(shipment)?,
            shipment_special_services: options,
            smart_post_info_detail: economy.filter(|_| wants_economy),
            customs_clearance_detail: customs::for_rate(shipment, unit)?,
        })
    }

    fn rated_packages(&self, shipment: &Shipment) -> Result<Vec<RatePackage>> {
        let unit = parts::unit_of(shipment);
        let package = |parcel: &waybill_core::Parcel| {
            Ok(RatePackage {
                sub_packaging_type: special::package_form(shipment, parcel),
                group_package_count: 1,
                weight: parts::weight(&parcel.weight, unit),
                dimensions: parts::dimensions(parcel)?,
                declared_value: parcel.declared_value.map(currency::money),
                package_special_services: special::package_for_rate(self.config(), shipment, parcel)?,
            })
        };
        shipment.parcels.iter().map(package).collect()
    }

    /// FedEx's code of the service, when exactly one is asked for.
    fn only_service(&self, request: &RateRequest) -> Option<String> {
        let [only] = request.services.as_slice() else { return None };
        let known = self.catalogue().service(only).map(|service| service.carrier_code.clone());
        // A code of FedEx's own that the catalogue does not know is passed on as it is.
        known.or_else(|| is_fedex_code(only.as_str()).then(|| only.as_str().to_owned()))
    }

    /// FedEx's code of the packaging: one for the whole shipment.
    pub(crate) fn packaging_of(&self, shipment: &Shipment) -> Result<String> {
        let none = PackagingCode::own();
        let first = shipment.parcels.first().map_or(&none, |parcel| &parcel.packaging);
        if shipment.parcels.iter().any(|parcel| parcel.packaging != *first) {
            return Err(Error::invalid_field(
                "parcels",
                "FedEx takes one packaging per shipment",
                "put parcels of different packagings into shipments of their own",
            ));
        }
        if first.is_own() {
            return Ok(services::OWN_BOX.to_owned());
        }
        self.catalogue().packaging(first).map(|packaging| packaging.carrier_code.clone()).ok_or_else(|| {
            let names: Vec<_> =
                self.catalogue().packagings.iter().map(|packaging| packaging.code.as_str()).collect();
            Error::invalid_field(
                "parcels.packaging",
                "FedEx has no such packaging",
                format!("use `own` or one of: {}", names.join(", ")),
            )
        })
    }

    /// How the parcels reach FedEx.
    pub(crate) fn pickup_type(&self, shipment: &Shipment) -> &'static str {
        if shipment.options.carrier_picks_up {
            crate::config::Handover::CallPickup.code()
        } else {
            self.config().handover.code()
        }
    }

    /// The account number as FedEx wants it.
    pub(crate) fn account_number(&self) -> AccountNumber {
        AccountNumber { value: self.config().account_number.expose().to_owned() }
    }
}

/// Whether a code is written as FedEx writes its codes.
pub fn is_fedex_code(code: &str) -> bool {
    code.len() >= 4
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Saturday variants exist for ship dates from Wednesday to Friday only.
fn saturday_is_near(shipment: &Shipment) -> bool {
    shipment.ship_date.is_some_and(|day| matches!(day.weekday(), Weekday::Wed | Weekday::Thu | Weekday::Fri))
}

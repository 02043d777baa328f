//! Why a service was not quoted: `POST /availability/v1/packageandserviceoptions` lists what a lane has. Asked only
//! when the account's settings say so, for it costs a second call.

use waybill_core::{Cx, LogLevel, RateReply, RateRequest, RejectReason, Rejected, Result, Service};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::error::output;
use crate::wire::availability::{RequestedShipment, ServiceOptionsOutput, ServiceOptionsRequest};
use crate::{dates, parts};

const PATH: &str = "/availability/v1/packageandserviceoptions";

impl FedEx {
    /// Adds reasons for services that FedEx neither quoted nor refused. A failure here costs the reasons, not the rates.
    pub(crate) async fn explain(&self, cx: &Cx, request: &RateRequest, reply: &mut RateReply) {
        let screened = waybill_core::screen(self.catalogue(), &request.shipment);
        let silent: Vec<&Service> = self
            .catalogue()
            .services
            .iter()
            .filter(|service| request.wants(&service.code))
            .filter(|service| reply.rates.iter().all(|rate| rate.service != service.code))
            .filter(|service| {
                screened.iter().chain(&reply.rejected).all(|rejected| rejected.service != service.code)
            })
            .collect();
        if silent.is_empty() {
            return;
        }
        match self.offered(cx, request).await {
            Ok(offered) => reply.rejected.extend(silent.into_iter().map(|service| reason(service, &offered))),
            Err(error) => {
                cx.log(LogLevel::Warn, format_args!("service availability: {}", error.kind.as_str()))
            }
        }
    }

    async fn offered(&self, cx: &Cx, request: &RateRequest) -> Result<Vec<String>> {
        let shipment = &request.shipment;
        let body = ServiceOptionsRequest {
            requested_shipment: RequestedShipment {
                shipper: parts::place(&shipment.from),
                recipients: vec![parts::place(&shipment.to)],
                ship_date_stamp: shipment.ship_date.map(dates::day),
            },
            carrier_codes: vec!["FDXE", "FDXG"],
        };
        let response = self.ask(cx, Project::Ship, &Call::post(PATH, &body)?).await?;
        let output: ServiceOptionsOutput = output(&response, "service availability")?;
        let by_package =
            output.package_options.iter().filter_map(|option| option.service_type.as_ref()?.key.0.clone());
        Ok(by_package
            .chain(output.service_options.iter().filter_map(|option| option.key.0.clone()))
            .collect())
    }
}

fn reason(service: &Service, offered: &[String]) -> Rejected {
    let listed = offered.contains(&service.carrier_code);
    let (reason, message) = if listed {
        (
            RejectReason::NoPrice,
            format!("FedEx runs {} on this lane and quoted no price for this shipment", service.name),
        )
    } else {
        (RejectReason::Lane, format!("FedEx does not run {} between these places on this day", service.name))
    };
    Rejected {
        service: service.code.clone(),
        service_name: service.name.clone(),
        reason,
        message,
        cure: String::new(),
        carrier_code: None,
    }
}

//! Answers as servers give them and no document shows, with invented content: without ids, with elements left out, emptied
//! or written another way.

mod common;

use common::{Canned, NUMBER, carrier, order, permit};
use serde_json::json;
use waybill_core::*;
use waybill_testkit::{block_on, sample_shipment};

fn domestic() -> Shipment {
    sample_shipment("us_domestic").unwrap()
}

fn bought(body: &str) -> Result<Purchase> {
    let (host, carrier) = (Canned::new(200, body.to_owned()), carrier(json!({})));
    block_on(carrier.buy(&host.cx("buy"), &order(domestic()), permit()))
}

#[test]
fn a_sale_is_known_without_its_id() {
    let answer = |inside: &str| {
        format!("<OnTracShipmentResponse><Error/><Shipments>{inside}</Shipments></OnTracShipmentResponse>")
    };
    let sold = |uid: &str, number: &str| {
        format!(
            "<Shipment>{uid}<Tracking>{number}</Tracking><Error/><TotalChrg>8.34</TotalChrg><TarrifChrg>8.64</TarrifChrg><Label>^XA^XZ</Label></Shipment>"
        )
    };
    // By our id, by the number that was chosen, or as the only one without an id.
    for body in [
        answer(&sold(&format!("<UID>{NUMBER}</UID>"), NUMBER)),
        answer(&sold("", NUMBER)),
        answer(&sold("<UID/>", "D10013700000437")),
        answer(&(sold("<UID>other</UID>", "D10013700000437") + &sold("<UID/>", NUMBER))),
    ] {
        let sale = bought(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(sale.charged().unwrap().to_string(), "8.34 USD", "{body}");
        assert_eq!(sale.prices[1].total.to_string(), "8.64 USD", "{body}");
    }
    // Two strangers, or one with another id, are not our sale.
    for body in [
        answer(&sold("<UID>other</UID>", "D10013700000437")),
        answer(&(sold("", "D10013700000437") + &sold("", "D10013700000440"))),
        answer(""),
    ] {
        let error = bought(&body).unwrap_err();
        assert_eq!((error.kind, error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown), "{body}");
    }
}

#[test]
fn the_price_of_a_single_parcel_is_known_without_its_id() {
    let rate = "<Rates><Rate><Service>C</Service><TotalCharge>12.41</TotalCharge></Rate></Rates>";
    let quote = |inside: &str, name: &str| {
        let body = format!("<OnTracRateResponse><Shipments>{inside}</Shipments></OnTracRateResponse>");
        let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
        block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(sample_shipment(name).unwrap()))).unwrap()
    };
    assert_eq!(quote(&format!("<Shipment>{rate}</Shipment>"), "us_domestic").rates.len(), 1);
    assert_eq!(quote(&format!("<Shipment>{rate}<UID>7</UID></Shipment>"), "us_domestic").rates.len(), 0);
    assert_eq!(
        quote(&format!("<Shipment>{rate}</Shipment>"), "us_domestic+2").rates.len(),
        0,
        "two parcels, one price"
    );
}

fn tracked(body: String) -> Track {
    let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
    let reply = block_on(carrier.track(&host.cx("track"), &TrackRequest::new([NUMBER]))).unwrap();
    match reply.replies.into_iter().next().unwrap().outcome {
        TrackOutcome::Found(track) => *track,
        other => panic!("{other:?}"),
    }
}

#[test]
fn histories_have_two_roots_and_times_several_notations() {
    for (root, list, one) in
        [("OnTracTrackingResult", "Shipments", "Shipment"), ("OnTracShipmentStatus", "Packages", "Package")]
    {
        for (time, clock, offset) in [
            ("2026-11-28T13:58:21.45", Some("13:58:21.45"), None),
            ("2026-11-28T13:58:21.45Z", Some("13:58:21.45"), None),
            ("2026-11-28T13:58:00-08:00", Some("13:58:00"), Some(-480)),
            ("11/28/2026 1:58:00 PM", Some("13:58:00"), None),
            ("2026-11-28", None, None),
        ] {
            let track = tracked(format!(
                "<{root}><{list}><{one}><Events><Event><Status>OK</Status><Description>Delivered.</Description>\
                 <EventTime>{time}</EventTime></Event></Events><Tracking>{NUMBER}</Tracking>\
                 <Exp_Del_Date>11/28/2026</Exp_Del_Date><Delivered>True</Delivered><POD>FRONT DOOR</POD></{one}></{list}></{root}>"
            ));
            assert_eq!(track.status, TrackStatus::Delivered, "{root} {time}");
            let at = track.events[0].at;
            assert_eq!(at.date, "2026-11-28".parse().ok(), "{time}");
            assert_eq!(
                (at.time, at.offset_minutes),
                (clock.map(|clock| clock.parse().unwrap()), offset),
                "{time}"
            );
            assert_eq!(track.expected.unwrap().latest.date, "2026-11-28".parse().ok());
            assert!(track.signed_by.is_some());
        }
    }
}

/// Our answers with every element that is read, and how each is read.
fn answers() -> Vec<(&'static str, String)> {
    let details = "<ServiceChargeDetails><BaseCharge>7.10</BaseCharge><CODCharge>0</CODCharge><DeclaredCharge>0</DeclaredCharge>\
        <PoundsCharge>0</PoundsCharge><AdditionalCharges>4.25</AdditionalCharges><AdditionalChargesDetails><AdditionalCharge>\
        <Description>RESIDENTIAL DELIVERY</Description><Value>4.25</Value></AdditionalCharge></AdditionalChargesDetails>\
        <SaturdayCharge>0</SaturdayCharge></ServiceChargeDetails>";
    vec![
        ("rates", format!("<OnTracRateResponse><Shipments><Shipment><Rates><Rate><Service>C</Service>\
            <ServiceCharge>11.35</ServiceCharge>{details}<FuelCharge>1.06</FuelCharge><TotalCharge>12.41</TotalCharge>\
            <BilledWeight>2</BilledWeight><TransitDays>2</TransitDays><ExpectedDeliveryDate>20261127</ExpectedDeliveryDate>\
            <CommitTime>17:00:00</CommitTime><RateZone>6</RateZone><GlobalRate>17.90</GlobalRate><Error/></Rate></Rates>\
            <UID>1</UID><Delzip>78704</Delzip><PUZip>98109</PUZip><DIM><Length>1</Length></DIM><Error/></Shipment></Shipments>\
            <Error/></OnTracRateResponse>")),
        ("buy", format!("<OnTracShipmentResponse><Error/><Shipments><Shipment><UID>{NUMBER}</UID><Tracking>{NUMBER}</Tracking>\
            <Error/><TransitDays>2</TransitDays><ExpectedDeliveryDate>20261127</ExpectedDeliveryDate><CommitTime>17:00:00</CommitTime>\
            <ServiceChrg>11.35</ServiceChrg>{details}<RateZone>6</RateZone><BilledWeight>2</BilledWeight><FuelChrg>1.06</FuelChrg>\
            <TotalChrg>12.41</TotalChrg><TariffChrg>17.90</TariffChrg><Label>^XA^XZ</Label><SortCode>AUS</SortCode></Shipment>\
            </Shipments></OnTracShipmentResponse>")),
        ("track", format!("<OnTracTrackingResult><Shipments><Shipment><Events><Event><Status>OK</Status><Description>Delivered.</Description>\
            <EventTime>2026-11-28T13:58:21.45</EventTime><Facility>Austin</Facility><City>AUSTIN</City><State>TX</State><Zip>78704</Zip>\
            </Event></Events><Tracking>{NUMBER}</Tracking><Exp_Del_Date>2026-11-28T00:00:00</Exp_Del_Date><Delivered>true</Delivered>\
            <Service>C</Service><POD>DOOR</POD><Error/><Reference>R</Reference><Weight>2</Weight><Signature/><Vpod/></Shipment>\
            </Shipments><Note>n</Note><Logo/><Error/></OnTracTrackingResult>")),
        ("details", format!("<OnTracUpdateResponse><Shipments><Shipment><Tracking>{NUMBER}</Tracking><Delivered>true</Delivered>\
            <ServiceCharge>11.35</ServiceCharge><FuelCharge>1.06</FuelCharge><TotalChrg>12.41</TotalChrg><Residential>true</Residential>\
            <Weight>2</Weight><Error/></Shipment></Shipments><Error/></OnTracUpdateResponse>")),
        ("zips", "<OnTracZipResponse><Zips><Zip><zipCode>78704</zipCode><saturdayServiced>1</saturdayServiced>\
            <pickupServiced>1</pickupServiced><sortCode>AUS</sortCode></Zip></Zips><Error/></OnTracZipResponse>".to_owned()),
        ("pickup", format!("<OnTracPickupResponse><Tracking>{NUMBER}</Tracking><Error/></OnTracPickupResponse>")),
    ]
}

/// Whether an operation could read an answer: it may refuse, but not call it malformed.
fn reads(operation: &str, body: &str) -> bool {
    let carrier = carrier(json!({ "service_area": operation == "zips" }));
    let host = Canned::new(200, body.to_owned());
    let error = match operation {
        "buy" => block_on(carrier.buy(&host.cx("buy"), &order(domestic()), permit())).err(),
        "track" => block_on(carrier.track(&host.cx("track"), &TrackRequest::new([NUMBER]))).err(),
        "details" => block_on(carrier.adjusted(&host.cx("details"), &[NUMBER.into()])).err(),
        "pickup" => {
            let request: PickupRequest = serde_json::from_value(json!({
                "address": domestic().from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
                "parcels": domestic().parcels,
            }))
            .unwrap();
            block_on(carrier.schedule(&host.cx("schedule_pickup"), &request, permit())).err()
        }
        // The list of ZIP codes refuses nothing by itself; the question for prices that follows gets the same answer.
        _ => block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(domestic()))).err(),
    };
    error.is_none_or(|error| error.kind != ErrorKind::Malformed || operation == "zips")
}

#[test]
fn every_element_may_be_missing_empty_or_dressed_up() {
    for (operation, answer) in answers() {
        assert!(reads(operation, &answer), "{operation}");
        let leaves: Vec<String> = answer
            .split('<')
            .filter_map(|piece| piece.split_once('>'))
            .filter(|(name, text)| !name.starts_with('/') && !name.ends_with('/') && !text.is_empty())
            .map(|(name, text)| format!("<{name}>{text}</{name}>"))
            .collect();
        assert!(!leaves.is_empty());
        for leaf in leaves {
            let (name, text) = leaf[1..].split_once('>').unwrap();
            let text = text.split('<').next().unwrap();
            let forms = [
                String::new(),
                format!("<{name}/>"),
                format!("<{name}></{name}>"),
                format!("<{name}>  </{name}>"),
                format!("<{name} xsi:nil=\"true\" a='1'>{text}</{name}>"),
                format!("<{name}><![CDATA[{text}]]></{name}>"),
                format!("<!-- x --><{name}>\r\n  {text}\r\n</{name}><New><Deep>1</Deep></New>"),
                format!("<x:{name}>{text}</x:{name}>"),
                format!("<{name}>something new</{name}>"),
            ];
            for form in forms {
                let varied = answer.replacen(&leaf, &form, 1);
                // Without the number there is no sale, and without a confirmation no collection.
                let needed =
                    matches!((operation, name), ("buy" | "pickup", "Tracking")) && !form.contains(text);
                assert!(needed || reads(operation, &varied), "{operation}: {form}");
            }
        }
    }
}

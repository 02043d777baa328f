//! What must hold for all values: conversions are exact and ordered, money keeps its currency, every model type
//! survives a JSON round trip, unknown enum values included.

use std::fmt::Debug;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use waybill_core::*;

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(value).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let back: T =
        serde_json::from_str(&json).map_err(|error| TestCaseError::fail(format!("{error} in {json}")))?;
    prop_assert_eq!(&back, value);
    Ok(())
}

/// A known value, or one that this version does not know.
macro_rules! open {
    ($($name:ident => $type:ty;)+) => { $( fn $name() -> impl Strategy<Value = $type> {
        prop_oneof![4 => select(<$type>::KNOWN.to_vec()), 1 => "unheard-of-[a-z]{1,6}".prop_map(|text| <$type>::Other(text))]
    } )+ };
}
open! {
    signature => Signature; reference_kind => ReferenceKind; tax_kind => TaxIdKind; battery_kind => BatteryKind;
    packing => BatteryPacking; alcohol => AlcoholRecipient; contents => ContentsKind; incoterm => Incoterm;
    non_delivery => NonDelivery; price_kind => PriceKind; charge_kind => ChargeKind; weekend => Weekend;
    reject_reason => RejectReason; basis => EstimateBasis; document_kind => DocumentKind; label_format => LabelFormat;
    status => TrackStatus; detail => TrackDetail; verdict => AddressVerdict;
}

fn text() -> impl Strategy<Value = String> {
    "[ -~äßé中文]{0,20}"
}
fn decimal() -> impl Strategy<Value = Decimal> {
    (-10_i64.pow(12)..10_i64.pow(12), 0_u32..6).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}
fn positive() -> impl Strategy<Value = Decimal> {
    (1..10_i64.pow(9), 0_u32..6).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}
fn currency() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_map(|code| code.parse().unwrap())
}
fn money() -> impl Strategy<Value = Money> {
    (decimal(), currency()).prop_map(|(amount, currency)| Money::new(amount, currency))
}
fn weight_unit() -> impl Strategy<Value = WeightUnit> {
    select(vec![WeightUnit::Gram, WeightUnit::Kilogram, WeightUnit::Ounce, WeightUnit::Pound])
}
fn length_unit() -> impl Strategy<Value = LengthUnit> {
    select(vec![LengthUnit::Millimetre, LengthUnit::Centimetre, LengthUnit::Inch])
}
fn weight() -> impl Strategy<Value = Weight> {
    (positive(), weight_unit()).prop_map(|(value, unit)| Weight::new(value, unit))
}
fn length() -> impl Strategy<Value = Length> {
    (positive(), length_unit()).prop_map(|(value, unit)| Length::new(value, unit))
}
fn dimensions() -> impl Strategy<Value = Dimensions> {
    (positive(), positive(), positive(), length_unit())
        .prop_map(|(a, b, c, unit)| Dimensions::new(a, b, c, unit))
}
fn country() -> impl Strategy<Value = Country> {
    select(Country::all().collect::<Vec<_>>())
}
fn day() -> impl Strategy<Value = NaiveDate> {
    (0..20_000_i64)
        .prop_map(|days| NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Duration::days(days))
}
fn time() -> impl Strategy<Value = NaiveTime> {
    (0..86_400_u32).prop_map(|second| NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap())
}
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..4_000_000_000_i64).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap())
}
fn moment() -> impl Strategy<Value = LocalMoment> {
    (option::of(day()), option::of(time()), option::of(-720..840_i32))
        .prop_map(|(date, time, offset_minutes)| LocalMoment { date, time, offset_minutes })
}
fn handle() -> impl Strategy<Value = Handle> {
    any::<u128>().prop_map(|bits| Handle(uuid::Uuid::from_u128(bits)))
}
fn tax_id() -> impl Strategy<Value = TaxId> {
    (tax_kind(), text(), option::of(country())).prop_map(|(kind, number, country)| TaxId {
        kind,
        number,
        country,
    })
}
fn address() -> impl Strategy<Value = Address> {
    let contact = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    let place = (vec(text(), 0..5), text(), option::of(text()), option::of(text()), country());
    (contact, place, option::of(any::<bool>()), vec(tax_id(), 0..3)).prop_map(
        |(contact, place, residential, tax_ids)| {
            let ((name, company, phone, email), (lines, city, state, postal_code, country)) =
                (contact, place);
            Address {
                name,
                company,
                lines,
                city,
                state,
                postal_code,
                country,
                phone,
                email,
                residential,
                tax_ids,
            }
        },
    )
}
fn reference() -> impl Strategy<Value = Reference> {
    (reference_kind(), text()).prop_map(|(kind, value)| Reference { kind, value })
}
fn parcel() -> impl Strategy<Value = Parcel> {
    let battery = (battery_kind(), packing()).prop_map(|(kind, packing)| Battery { kind, packing });
    let goods = (
        text(),
        text(),
        text(),
        option::of(text()),
        option::of(decimal()),
        option::of(text()),
        any::<bool>(),
    )
        .prop_map(|(un_number, name, class, packing_group, quantity, unit, limited_quantity)| {
            DangerousGoods { un_number, name, class, packing_group, quantity, unit, limited_quantity }
        });
    let first =
        (weight(), option::of(dimensions()), "[a-z-]{1,12}", option::of(money()), vec(reference(), 0..3));
    let second =
        (option::of(text()), any::<bool>(), option::of(weight()), vec(battery, 0..2), vec(goods, 0..2));
    (first, second).prop_map(|((weight, dimensions, packaging, declared_value, references), second)| {
        let (description, non_machinable, dry_ice, batteries, dangerous_goods) = second;
        let packaging = PackagingCode::new(packaging);
        Parcel {
            weight,
            dimensions,
            packaging,
            declared_value,
            references,
            description,
            non_machinable,
            dry_ice,
            batteries,
            dangerous_goods,
        }
    })
}
fn options() -> impl Strategy<Value = ShipOptions> {
    let hold =
        (text(), option::of(address().boxed())).prop_map(|(location, address)| HoldAt { location, address });
    let first = (
        option::of(signature()),
        any::<[bool; 4]>(),
        option::of(hold),
        option::of(money()),
        option::of(alcohol()),
    );
    let second = (
        option::of(any::<bool>()),
        vec(text(), 0..2),
        option::of(text()),
        btree_map("[a-z]{1,5}", text(), 0..3),
    );
    (first, second).prop_map(
        |(
            (signature, flags, hold_at, cash_on_delivery, alcohol),
            (paperless_customs, notify, label_text, carrier),
        )| {
            let [saturday_delivery, sunday_delivery, carrier_picks_up, carbon_neutral] = flags;
            let notify = notify.into_iter().map(Personal::from).collect();
            ShipOptions {
                signature,
                saturday_delivery,
                sunday_delivery,
                hold_at,
                cash_on_delivery,
                alcohol,
                carrier_picks_up,
                carbon_neutral,
                paperless_customs,
                notify,
                label_text,
                carrier,
            }
        },
    )
}
fn customs() -> impl Strategy<Value = Customs> {
    let item = (
        (text(), any::<u32>(), money(), option::of(weight())),
        (
            option::of(text()),
            option::of(country()),
            option::of(text()),
            option::of(text()),
            option::of(any::<u32>()),
        ),
    )
        .prop_map(
            |(
                (description, quantity, unit_value, unit_weight),
                (hs_code, origin, sku, local_description, parcel),
            )| Commodity {
                description,
                quantity,
                unit_value,
                unit_weight,
                hs_code,
                origin,
                sku,
                local_description,
                parcel,
            },
        );
    let first = (contents(), vec(item, 0..4), option::of(incoterm()), option::of(text()), option::of(day()));
    let second = (
        option::of(non_delivery()),
        option::of(text()),
        vec(text(), 0..2),
        option::of(text()),
        option::of(address().boxed()),
        option::of(text()),
    );
    (first, second).prop_map(|((contents, items, incoterm, invoice_number, invoice_date), second)| {
        let (non_delivery, export_filing, permits, signer, importer, remarks) = second;
        let signer = signer.map(Personal::from);
        Customs {
            contents,
            items,
            incoterm,
            invoice_number,
            invoice_date,
            non_delivery,
            export_filing,
            permits,
            signer,
            importer,
            remarks,
        }
    })
}
fn payer() -> impl Strategy<Value = Payer> {
    prop_oneof![
        Just(Payer::Sender),
        (option::of(text()), option::of(text()))
            .prop_map(|(account, postal_code)| Payer::Recipient { account, postal_code }),
        (text(), country(), option::of(text()))
            .prop_map(|(account, country, postal_code)| Payer::ThirdParty { account, country, postal_code }),
    ]
}
fn shipment() -> impl Strategy<Value = Shipment> {
    let first = (
        address().boxed(),
        address().boxed(),
        option::of(address().boxed()),
        vec(parcel().boxed(), 0..3),
        option::of(day()),
    );
    let second = (
        options().boxed(),
        option::of(customs().boxed()),
        vec(reference(), 0..3),
        payer().boxed(),
        option::of(payer().boxed()),
        any::<bool>(),
        option::of(text()),
    );
    (first, second).prop_map(|((from, to, return_to, parcels, ship_date), second)| {
        let (options, customs, references, transport, duties, is_return, description) = second;
        let billing = Billing { transport, duties };
        Shipment {
            from,
            to,
            return_to,
            parcels,
            ship_date,
            options,
            customs,
            references,
            billing,
            is_return,
            description,
        }
    })
}
fn notice() -> impl Strategy<Value = Notice> {
    (option::of(text()), text()).prop_map(|(code, message)| Notice { code, message })
}
fn price() -> impl Strategy<Value = Price> {
    let charge = (charge_kind(), option::of(text()), text(), money())
        .prop_map(|(kind, code, text, amount)| Charge { kind, code, text, amount });
    let amounts = (money(), option::of(money()), option::of(money()), option::of(money()));
    (price_kind(), amounts, vec(charge, 0..4), option::of(text())).prop_map(
        |(kind, (total, base, taxes, duties), charges, list_name)| Price {
            kind,
            total,
            base,
            taxes,
            duties,
            charges,
            list_name,
        },
    )
}
fn estimate() -> impl Strategy<Value = DeliveryEstimate> {
    (moment().boxed(), option::of(moment().boxed()), any::<bool>(), option::of(any::<bool>()), basis())
        .prop_map(|(latest, earliest, end_of_day, guaranteed, basis)| DeliveryEstimate {
            latest,
            earliest,
            end_of_day,
            guaranteed,
            basis,
        })
}
fn source() -> impl Strategy<Value = RateSource> {
    let table = (text(), day(), option::of(text()))
        .prop_map(|(id, effective, confidence)| RateSource::Table { id, effective, confidence });
    prop_oneof![Just(RateSource::Live), table]
}
fn rate() -> impl Strategy<Value = Rate> {
    let first = (
        "[a-z-]{1,9}",
        text(),
        text(),
        option::of(weekend()),
        "[a-z-]{1,9}",
        vec(price().boxed(), 0..3),
        option::of(estimate().boxed()),
    );
    let second = (
        option::of(any::<u16>()),
        option::of(text()),
        option::of(weight()),
        option::of(weight()),
        vec(text(), 0..2),
        source(),
    );
    let third = (vec(notice(), 0..2), option::of(text()), option::of(instant()));
    (first, second, third).prop_map(|(first, second, (warnings, token, expires_at))| {
        let (service, carrier_code, service_name, weekend, packaging, prices, delivery) = first;
        let (transit_days, zone, billed_weight, dimensional_weight, included, source) = second;
        Rate {
            service: service.into(),
            carrier_code,
            service_name,
            weekend,
            packaging: packaging.into(),
            prices,
            delivery,
            transit_days,
            zone,
            billed_weight,
            dimensional_weight,
            included,
            source,
            warnings,
            token: token.map(RateToken::new),
            expires_at,
        }
    })
}
fn reply() -> impl Strategy<Value = RateReply> {
    let rejected = ("[a-z]{1,9}", text(), reject_reason(), text(), text(), option::of(text())).prop_map(
        |(service, service_name, reason, message, cure, carrier_code)| Rejected {
            service: service.into(),
            service_name,
            reason,
            message,
            cure,
            carrier_code,
        },
    );
    (vec(rate().boxed(), 0..3), vec(rejected, 0..3), vec(notice(), 0..2))
        .prop_map(|(rates, rejected, warnings)| RateReply { rates, rejected, warnings })
}
fn page() -> impl Strategy<Value = PageSize> {
    (positive(), positive(), length_unit()).prop_map(|(width, height, unit)| PageSize { width, height, unit })
}
fn document() -> impl Strategy<Value = Document> {
    let marks = (option::of(any::<u16>()), option::of(page()), option::of(any::<u32>()));
    (document_kind(), label_format(), marks, vec(any::<u8>(), 0..64)).prop_map(
        |(kind, format, (dpi, size, parcel), bytes)| Document {
            kind,
            format,
            dpi,
            size,
            parcel,
            bytes: Bytes::from(bytes),
        },
    )
}
fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((text(), text()), 0..2)
}
fn purchase() -> impl Strategy<Value = Purchase> {
    let piece = (any::<u32>(), text(), pairs(), option::of(money())).prop_map(
        |(parcel, tracking, other_numbers, charged)| Piece {
            parcel,
            tracking: tracking.into(),
            other_numbers,
            charged,
        },
    );
    let settlement = prop_oneof![
        Just(Settlement::Charged),
        Just(Settlement::BilledToAccount),
        option::of(text()).prop_map(|channel| Settlement::Offline { channel }),
    ];
    let first = (text(), vec(piece, 0..3), vec(document().boxed(), 0..3), vec(price().boxed(), 0..2));
    (first, settlement, option::of(estimate().boxed()), option::of(text()), vec(notice(), 0..2)).prop_map(
        |((shipment_key, pieces, documents, prices), settlement, delivery, carrier_data, warnings)| {
            Purchase {
                shipment_key: shipment_key.into(),
                pieces,
                documents,
                prices,
                settlement,
                delivery,
                carrier_data,
                warnings,
            }
        },
    )
}
fn order() -> impl Strategy<Value = LabelOrder> {
    let spec = (label_format(), option::of(any::<u16>()), option::of(page()))
        .prop_map(|(format, dpi, size)| LabelSpec { format, dpi, size });
    (
        shipment().boxed(),
        "[a-z]{1,9}",
        option::of(weekend()),
        option::of(text()),
        spec,
        handle(),
        vec(text(), 0..3),
    )
        .prop_map(|(shipment, service, weekend, token, label, handle, numbers)| LabelOrder {
            shipment,
            service: service.into(),
            weekend,
            token: token.map(RateToken::new),
            label,
            handle,
            numbers: numbers.into_iter().map(TrackingNumber::new).collect(),
        })
}
fn event() -> impl Strategy<Value = TrackEvent> {
    let place = (
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(country()),
        option::of(text()),
    )
        .prop_map(|(city, state, postal_code, country, text)| EventPlace {
            city,
            state,
            postal_code,
            country,
            text,
        });
    let first = (moment().boxed(), status(), option::of(detail()), text(), option::of(text()), text());
    (first, place, option::of(text()), option::of(text())).prop_map(
        |((at, status, detail, code, namespace, text), place, reverses, signed_by)| TrackEvent {
            at,
            status,
            detail,
            code,
            namespace,
            text,
            place,
            reverses,
            signed_by: signed_by.map(Personal::from),
        },
    )
}
fn track() -> impl Strategy<Value = Track> {
    (text(), vec(event().boxed(), 0..5), option::of(estimate().boxed()), option::of(weight()), pairs())
        .prop_map(|(number, events, expected, weight, other_numbers)| Track {
            expected,
            weight,
            other_numbers,
            ..Track::from_events(number, events)
        })
}
fn error() -> impl Strategy<Value = Error> {
    let kind = prop_oneof![
        select(vec![
            ErrorKind::Auth,
            ErrorKind::Invalid,
            ErrorKind::TooLate,
            ErrorKind::Malformed,
            ErrorKind::Panicked
        ]),
        (select(vec![Scope::Account, Scope::Unknown]), option::of(instant()))
            .prop_map(|(scope, until)| ErrorKind::RateLimited { scope, until }),
        text().prop_map(ErrorKind::Other),
    ];
    let retry = prop_oneof![
        Just(Retry::Never),
        Just(Retry::Safe),
        (0..10_u64.pow(7)).prop_map(|ms| Retry::After(std::time::Duration::from_millis(ms)))
    ];
    let phase = select(vec![Phase::NotSent, Phase::OutcomeUnknown, Phase::Answered]);
    let field =
        (text(), text(), text()).prop_map(|(path, problem, cure)| FieldProblem { path, problem, cure });
    let words = (option::of(text()), option::of(text()), option::of(any::<u16>()), option::of(text()))
        .prop_map(|(code, message, http_status, request_id)| {
            Box::new(CarrierWords { code, message, http_status, request_id })
        });
    (kind, text(), retry, phase, option::of(words), vec(field, 0..3), pairs()).prop_map(
        |(kind, message, retry, phase, carrier, fields, context)| Error {
            kind,
            message,
            retry,
            phase,
            carrier,
            fields,
            context,
        },
    )
}
fn void_outcome() -> impl Strategy<Value = VoidOutcome> {
    prop_oneof![
        Just(VoidOutcome::Voided),
        (option::of(text()), option::of(money()))
            .prop_map(|(case, amount)| VoidOutcome::RefundPending { case, amount }),
        text().prop_map(|reason| VoidOutcome::NotNeeded { reason }),
        text().prop_map(|reason| VoidOutcome::TooLate { reason }),
        text().prop_map(|reason| VoidOutcome::NotOffered { reason }),
        (vec(text(), 0..2), vec((text(), text()), 0..2)).prop_map(|(voided, refused)| VoidOutcome::Partial {
            voided: voided.into_iter().map(TrackingNumber::new).collect(),
            refused: refused.into_iter().map(|(number, words)| (number.into(), words)).collect(),
        }),
    ]
}
fn service() -> impl Strategy<Value = Service> {
    let places =
        prop_oneof![Just(Places::Anywhere), vec(country(), 0..3).prop_map(Places::Only), Just(Places::Eu)];
    let lane = (places.clone(), places, select(vec![Border::Any, Border::Domestic, Border::International]))
        .prop_map(|(from, to, border)| Lane { from, to, border });
    let limits = (
        option::of(weight()),
        option::of(length()),
        option::of((length(), length())),
        option::of(money()),
        any::<bool>(),
    )
        .prop_map(|(max_weight, max_length, min_face, max_declared_value, dimensions_needed)| Limits {
            max_weight,
            max_length,
            min_face,
            max_declared_value,
            dimensions_needed,
            ..Limits::default()
        });
    let choices =
        (vec(signature(), 0..3), any::<[bool; 4]>(), select(vec![Recipients::Any, Recipients::Homes]));
    ("[a-z]{1,8}", text(), text(), vec(lane, 0..3), limits, choices).prop_map(
        |(code, carrier_code, name, lanes, limits, choices)| {
            let (signatures, [saturday, po_box, returns, batteries], recipients) = choices;
            let options = ServiceOptions { signatures, saturday, batteries, ..ServiceOptions::default() };
            Service {
                limits,
                options,
                recipients,
                po_box,
                returns,
                ..Service::new(&code, &carrier_code, &name, lanes)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_users_write_survives(shipment in shipment().boxed(), country in country(), size in dimensions(), length in length()) {
        round_trip(&shipment)?;
        round_trip(&RateRequest { currency: Some(Currency::USD), ..RateRequest::new(shipment) })?;
        round_trip(&country)?;
        round_trip(&size)?;
        round_trip(&length)?;
    }

    #[test]
    fn rates_survive(reply in reply().boxed()) { round_trip(&reply)?; }

    #[test]
    fn purchases_survive(purchase in purchase().boxed(), order in order().boxed(), at in instant(), outcome in void_outcome()) {
        round_trip(&Recovery::Found(vec![purchase.clone()]))?;
        round_trip(&Recovery::Absent)?;
        round_trip(&RecoverRequest { order: order.clone(), sent_at: at })?;
        round_trip(&AllocateRequest { order, sequence: 7 })?;
        round_trip(&outcome)?;
        round_trip(&purchase)?;
    }

    #[test]
    fn histories_survive(track in track().boxed(), error in error().boxed()) {
        let reply = |outcome| TrackReply { number: "1".into(), outcome };
        let outcomes = [TrackOutcome::Found(Box::new(track.clone())), TrackOutcome::Several(vec![track]), TrackOutcome::NotFound, TrackOutcome::NoEventsYet, TrackOutcome::NotPermitted, TrackOutcome::Failed(error)];
        round_trip(&TrackReplies { replies: outcomes.into_iter().map(reply).collect() })?;
    }

    #[test]
    fn errors_survive(error in error().boxed()) { round_trip(&error)?; }

    #[test]
    fn services_survive(service in service().boxed()) { round_trip(&service)?; }

    #[test]
    fn the_other_services_survive(address in address().boxed(), verdict in verdict(), price in price().boxed(), when in moment().boxed(), document in document().boxed(), day in day()) {
        round_trip(&AddressReply { verdict, residential: None, candidates: vec![address.clone()], problems: vec![], notices: vec![] })?;
        round_trip(&PickupReply { confirmation: "1".into(), window_start: when, window_end: None, price: Some(price), carrier_data: None, warnings: vec![] })?;
        round_trip(&ManifestReply { number: "1".into(), documents: vec![document.clone()], accepted: vec!["1".into()], refused: vec![("2".into(), "no".into())] })?;
        round_trip(&Proof { documents: vec![document], signed_by: Some("Ada".into()), delivered: Some(when) })?;
        let time = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
        round_trip(&PickupRequest { address, date: day, ready: time, close: time, parcels: vec![], services: vec![], tracking: vec![], place: None, instructions: None, handle: Handle(uuid::Uuid::nil()) })?;
    }

    #[test]
    fn weights_compare_as_their_grams_and_convert_there_and_back(a in weight(), b in weight(), unit in weight_unit()) {
        prop_assert_eq!(a.cmp(&b), a.grams().cmp(&b.grams()));
        // To grams is exact: back again gives the same physical weight to the 20th digit and the same value.
        let grams = Weight::new(a.grams(), WeightUnit::Gram);
        prop_assert_eq!(grams, a);
        prop_assert_eq!(grams.to(a.unit).round_dp(15), a.value.normalize().round_dp(15));
        let billed = Weight::new(a.ceil_to(unit, Decimal::ONE), unit);
        prop_assert!(billed >= a, "{billed} is below {a}");
        prop_assert!(Weight::new(billed.value - Decimal::ONE, unit) < a, "{billed} is a whole step above {a}");
    }

    #[test]
    fn girth_and_volume_do_not_depend_on_the_order_of_the_sides(size in dimensions()) {
        let turned = Dimensions { length: size.height, width: size.length, height: size.width, unit: size.unit };
        prop_assert_eq!(size.length_plus_girth(), turned.length_plus_girth());
        prop_assert_eq!(size.sorted(), turned.sorted());
        prop_assert!(size.length_plus_girth() >= size.side_sum());
    }

    #[test]
    fn money_never_mixes_currencies(a in money(), b in money(), factor in decimal()) {
        let sum = a.checked_add(b);
        prop_assert_eq!(sum.is_ok(), a.currency == b.currency);
        if let Ok(sum) = sum {
            prop_assert_eq!(sum.checked_sub(b).unwrap(), a);
        }
        prop_assert_eq!(a.compare(&b).is_some(), a.currency == b.currency);
        if let Ok(product) = a.checked_mul(factor) {
            prop_assert_eq!(product.currency, a.currency);
        }
        prop_assert_eq!(a.to_string().parse::<Money>().unwrap(), a);
    }

    #[test]
    fn readers_of_foreign_text_never_panic(text in ".{0,40}") {
        let _ = (text.parse::<Money>(), text.parse::<Weight>(), text.parse::<Length>(), text.parse::<Dimensions>());
        let _ = (text.parse::<Country>(), text.parse::<Currency>(), Handle::parse(&text), lenient::parse_decimal(&text));
        let _ = wire::clip(&text, 3);
    }
}

//! The promise engine, by the requirements R62 to R69.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::America::New_York;
use waybill_core::{CarrierId, Country};
use waybill_shop::{
    CarrierCutOff, CutOffs, DeliveryDays, HolidaySettings, OperatingDays, OrderFacts, PromiseEngine,
    PromiseSettings, Speed, Warehouse, WeekendBook, WeekendDelivery,
};

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn warehouse(name: &str, zone: &str, longitude: &str) -> Warehouse {
    Warehouse {
        name: name.into(),
        zone: zone.parse().unwrap(),
        longitude: longitude.parse().unwrap(),
        country: Country::US,
    }
}

fn settings() -> PromiseSettings {
    PromiseSettings {
        warehouses: vec![warehouse("east", "America/New_York", "-74.0")],
        operating: OperatingDays::default(),
        cut_offs: CutOffs::Option { default: time("14:00"), options: Default::default() },
        prime: true,
        speeds: Default::default(),
        holidays: HolidaySettings::default(),
    }
}

fn new_york(local: &str) -> DateTime<Utc> {
    New_York.from_local_datetime(&local.parse().unwrap()).unwrap().to_utc()
}

fn order(local: &str) -> OrderFacts {
    OrderFacts::new(new_york(local), Country::US)
}

/// Ship-by and deliver-by for operating and delivery on (Saturday, Sunday).
fn days(local: &str, operating: (bool, bool), delivery: (bool, bool)) -> (NaiveDate, NaiveDate) {
    let settings = PromiseSettings {
        operating: OperatingDays { saturday: operating.0, sunday: operating.1 },
        ..settings()
    };
    let facts = OrderFacts {
        delivery_days: DeliveryDays { saturday: delivery.0, sunday: delivery.1 },
        ..order(local)
    };
    let promise = PromiseEngine::new(settings).unwrap().promise(&facts).unwrap();
    (promise.ship_by, promise.deliver_by)
}

#[test]
fn r62_a_prime_order_before_the_cut_off_ships_the_same_day_whatever_the_speed() {
    let mut settings = settings();
    settings.speeds.insert("standard".into(), Speed { handling_days: 2, transit_days: 5 });
    let facts = OrderFacts { option: Some("standard".into()), ..order("2026-10-20T13:00:00") };
    let prime = PromiseEngine::new(settings.clone()).unwrap().promise(&facts).unwrap();
    assert_eq!((prime.ship_by, prime.deliver_by), (day("2026-10-20"), day("2026-10-22")));
    settings.prime = false;
    let plain = PromiseEngine::new(settings).unwrap().promise(&facts).unwrap();
    assert_eq!((plain.ship_by, plain.deliver_by), (day("2026-10-22"), day("2026-10-29")));
}

#[test]
fn r63_the_prime_cut_off_is_two_o_clock_or_later() {
    let with = |text: &str| {
        PromiseEngine::new(PromiseSettings {
            cut_offs: CutOffs::Option { default: time(text), options: Default::default() },
            ..settings()
        })
    };
    let refused = with("13:59").unwrap_err();
    assert_eq!(refused.fields[0].path, "cut_offs.default");
    assert!(with("14:00").is_ok());
    let early = CutOffs::Carrier {
        default: time("15:00"),
        carriers: vec![CarrierCutOff {
            carrier: "ups".into(),
            days: vec![Weekday::Fri],
            time: time("12:00"),
        }],
    };
    let refused = PromiseEngine::new(PromiseSettings { cut_offs: early, ..settings() }).unwrap_err();
    assert_eq!(refused.fields[0].path, "cut_offs.carriers[0].time");
}

#[test]
fn r63_the_easternmost_warehouse_gives_the_clock() {
    let west = PromiseSettings {
        warehouses: vec![warehouse("west", "America/Los_Angeles", "-118.2")],
        ..settings()
    };
    let west = PromiseEngine::new(west).unwrap();
    // 14:30 in New York is 11:30 in Los Angeles.
    let order = order("2026-10-20T14:30:00");
    assert_eq!(west.promise(&order).unwrap().ship_by, day("2026-10-20"));
    let both = west.with_warehouse(warehouse("east", "America/New_York", "-74.0")).unwrap();
    assert_eq!(both.zone().to_string(), "America/New_York");
    assert_eq!(both.promise(&order).unwrap().ship_by, day("2026-10-21"));
    // By offset alone Phoenix (no summer time) would be west of Denver all summer; longitude decides.
    let mountain = PromiseSettings {
        warehouses: vec![
            warehouse("phoenix", "America/Phoenix", "-112.1"),
            warehouse("denver", "America/Denver", "-105.0"),
        ],
        ..settings()
    };
    assert_eq!(PromiseEngine::new(mountain).unwrap().zone().to_string(), "America/Denver");
    let nowhere = west.with_warehouse(warehouse("moon", "UTC", "181")).unwrap_err();
    assert_eq!(nowhere.fields[0].path, "warehouses[1].longitude");
}

#[test]
fn r64_at_the_cut_off_is_after_the_cut_off() {
    let ship_by = |local: &str| days(local, (false, false), (false, false)).0;
    assert_eq!(ship_by("2026-10-20T13:59:59"), day("2026-10-20"));
    assert_eq!(ship_by("2026-10-20T14:00:00"), day("2026-10-21"));
    assert_eq!(ship_by("2026-10-23T14:00:00"), day("2026-10-26"));
}

#[test]
fn r65_cut_offs_per_ship_option() {
    let cut_offs =
        CutOffs::Option { default: time("14:00"), options: [("express".to_owned(), time("17:00"))].into() };
    let engine = PromiseEngine::new(PromiseSettings { cut_offs, ..settings() }).unwrap();
    let express = OrderFacts { option: Some("express".into()), ..order("2026-10-20T16:00:00") };
    assert_eq!(engine.promise(&express).unwrap().ship_by, day("2026-10-20"));
    let other = OrderFacts { option: Some("standard".into()), ..express };
    assert_eq!(engine.promise(&other).unwrap().ship_by, day("2026-10-21"));
}

#[test]
fn r66_cut_offs_per_carrier_and_weekday() {
    let friday = |carrier: &str, at: &str| CarrierCutOff {
        carrier: carrier.into(),
        days: vec![Weekday::Fri],
        time: time(at),
    };
    let cut_offs = CutOffs::Carrier {
        default: time("14:00"),
        carriers: vec![friday("ups", "16:00"), friday("fedex", "14:00")],
    };
    let engine = PromiseEngine::new(PromiseSettings { cut_offs, ..settings() }).unwrap();
    let ship_by = |carrier: &str, local: &str| {
        let facts = OrderFacts { carrier: Some(CarrierId::from(carrier)), ..order(local) };
        engine.promise(&facts).unwrap().ship_by
    };
    assert_eq!(ship_by("ups", "2026-10-23T15:00:00"), day("2026-10-23"));
    assert_eq!(ship_by("fedex", "2026-10-23T15:00:00"), day("2026-10-26"));
    assert_eq!(ship_by("ups", "2026-10-22T15:00:00"), day("2026-10-23"), "Thursday is not listed");
}

#[test]
fn r67_weekdays_cannot_be_switched_off() {
    let refused = serde_json::from_str::<OperatingDays>(r#"{"tuesday": false}"#).unwrap_err();
    assert!(refused.to_string().contains("tuesday"), "{refused}");
    let weekend: OperatingDays = serde_json::from_str(r#"{"saturday": true}"#).unwrap();
    assert!(weekend.saturday && !weekend.sunday);
}

#[test]
fn r68_two_business_days_own_vectors() {
    let plain = |local: &str| days(local, (false, false), (false, false));
    for (ordered, ship, deliver) in [
        ("2026-06-08T09:00:00", "2026-06-08", "2026-06-10"),
        ("2026-06-10T23:59:00", "2026-06-11", "2026-06-15"),
        ("2026-06-12T08:00:00", "2026-06-12", "2026-06-16"),
        ("2026-06-12T18:00:00", "2026-06-15", "2026-06-17"),
        ("2026-06-14T10:00:00", "2026-06-15", "2026-06-17"),
        // The night in which the clocks go back, and the hour that comes twice.
        ("2026-10-30T13:59:00", "2026-10-30", "2026-11-03"),
        // Thanksgiving and the day before it.
        ("2026-11-25T12:00:00", "2026-11-25", "2026-11-30"),
        ("2026-11-25T14:00:00", "2026-11-27", "2026-12-01"),
        // Independence Day on a Saturday is kept on Friday.
        ("2026-07-02T15:00:00", "2026-07-06", "2026-07-08"),
    ] {
        assert_eq!(plain(ordered), (day(ship), day(deliver)), "{ordered}");
    }
    // Operating on Saturday, delivery on both days: Friday evening ships Saturday and arrives Monday.
    assert_eq!(
        days("2026-06-12T18:00:00", (true, false), (true, true)),
        (day("2026-06-13"), day("2026-06-15"))
    );
}

#[test]
fn r68_the_clock_follows_daylight_saving() {
    let engine = PromiseEngine::new(settings()).unwrap();
    let at = |utc: &str| {
        engine.promise(&OrderFacts::new(utc.parse().unwrap(), Country::US)).unwrap().before_cut_off
    };
    // 18:30 UTC is 14:30 in summer and 13:30 in winter.
    assert!(!at("2026-10-20T18:30:00Z"));
    assert!(at("2026-11-10T18:30:00Z"));
    // The weekday is that of the warehouse: Monday 03:00 UTC is still Sunday in New York.
    let sunday =
        engine.promise(&OrderFacts::new("2026-10-19T03:00:00Z".parse().unwrap(), Country::US)).unwrap();
    assert_eq!(sunday.ordered.date(), day("2026-10-18"));
    let end = engine.promise(&order("2026-10-30T15:00:00")).unwrap().ship_by_end().unwrap();
    assert_eq!(end.to_rfc3339(), "2026-11-03T05:00:00+00:00");
}

#[test]
fn r68_invariants_hold_for_every_hour_of_a_year() {
    let flags = [(false, false), (true, false), (false, true), (true, true)];
    let start = new_york("2026-01-01T00:30:00");
    for hour in (0..365 * 24).step_by(5) {
        let ordered_at = start + chrono::Duration::hours(hour);
        for operating in flags {
            let settings = PromiseSettings {
                operating: OperatingDays { saturday: operating.0, sunday: operating.1 },
                ..settings()
            };
            let engine = PromiseEngine::new(settings).unwrap();
            let by = |delivery: (bool, bool)| {
                let delivery_days = DeliveryDays { saturday: delivery.0, sunday: delivery.1 };
                let facts = OrderFacts { delivery_days, ..OrderFacts::new(ordered_at, Country::US) };
                engine.promise(&facts).unwrap()
            };
            let [none, saturday, sunday, both] = flags.map(by);
            for promise in [&none, &saturday, &sunday, &both] {
                assert!((promise.deliver_by - promise.ship_by).num_days() >= 2, "{}", promise.words());
            }
            // A weekend day more never makes it later.
            assert!(both.deliver_by <= saturday.deliver_by && saturday.deliver_by <= none.deliver_by);
            assert!(both.deliver_by <= sunday.deliver_by && sunday.deliver_by <= none.deliver_by);
        }
    }
}

#[test]
fn r69_weekends_only_where_the_carrier_delivers() {
    let rule = |prefix: &str, saturday, sunday| WeekendDelivery {
        carrier: "fedex".into(),
        service: None,
        country: Country::US,
        postal_prefix: prefix.into(),
        saturday,
        sunday,
    };
    let book = WeekendBook(vec![rule("", true, false), rule("100", true, true), rule("1004", false, false)]);
    let by = |zip: &str| {
        let delivery_days = book.days(&"fedex".into(), Some(&"home-delivery".into()), Country::US, zip);
        let facts = OrderFacts { delivery_days, ..order("2026-10-22T15:00:00") };
        PromiseEngine::new(settings()).unwrap().promise(&facts).unwrap().deliver_by
    };
    assert_eq!(by("10001"), day("2026-10-25"), "Sunday");
    assert_eq!(by("60601"), day("2026-10-26"), "Monday: Saturday is day one");
    assert_eq!(by("10040"), day("2026-10-27"), "Tuesday: no weekend");
    assert_eq!(book.days(&"ups".into(), None, Country::US, "10001"), DeliveryDays::default());
}

/// Every row of the promise table that is safe under any reading.
#[test]
fn r68_the_promise_table() {
    let shared = std::env::var("WAYBILL_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let Ok(table) = std::fs::read_to_string(format!("{shared}/amazon/sfp_promise_table.csv")) else {
        println!("skipped: the promise table is not at hand (WAYBILL_SHARED)");
        return;
    };
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| head.iter().position(|title| *title == name).unwrap();
    let mut asserted = 0;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |name: &str| cells[column(name)];
        if cell("assertable") != "yes" {
            continue;
        }
        let flag = |name: &str| cell(name) == "1";
        let found = days(
            cell("example_order_local"),
            (flag("sat_operational"), flag("sun_operational")),
            (flag("carrier_delivers_sat"), flag("carrier_delivers_sun")),
        );
        assert_eq!(
            found,
            (day(cell("example_ship_date")), day(cell("example_promise_date"))),
            "{}",
            cell("id")
        );
        asserted += 1;
    }
    assert!(asserted >= 36, "only {asserted} rows");
}

//! A shipment from a file or from flags.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};
use waybill_core::{Address, Country, Error, Parcel, Reference, ReferenceKind, Shipment, Signature};

use super::Failure;
use super::args::ShipmentArgs;

/// Reads the shipment that the arguments describe. Flags change what a file says.
pub(crate) fn shipment(args: &ShipmentArgs) -> Result<Shipment, Failure> {
    let mut shipment = match &args.file {
        Some(path) => from_file(path)?,
        None => from_flags(args)?,
    };
    if let Some(packaging) = &args.packaging {
        shipment.parcels.iter_mut().for_each(|parcel| parcel.packaging = packaging.as_str().into());
    }
    if let Some(kind) = &args.signature {
        shipment.options.signature = Some(match Signature::from(kind.as_str()) {
            Signature::Other(word) => {
                return Err(Failure::input(format!(
                    "--signature {word}: write none, delivery, indirect, signature or adult"
                )));
            }
            known => known,
        });
    }
    if let Some(value) = &args.value {
        let value = value.parse().map_err(|error| Failure::input(format!("--value: {error}")))?;
        shipment.parcels.iter_mut().for_each(|parcel| parcel.declared_value = Some(value));
    }
    shipment.options.saturday_delivery |= args.saturday;
    shipment.ship_date = args.ship_date.or(shipment.ship_date);
    shipment
        .references
        .extend(args.reference.as_ref().map(|text| Reference::new(ReferenceKind::Order, text)));
    if args.residential {
        shipment.to.residential = Some(true);
    }
    let problems = shipment.problems();
    if problems.is_empty() { Ok(shipment) } else { Err(Error::invalid(problems).into()) }
}

/// Reads JSON or TOML by the file's ending; `-` is JSON from standard input.
pub(crate) fn from_file(path: &Path) -> Result<Shipment, Failure> {
    parsed(path, "`waybill schema shipment` describes the form")
}

/// Reads a table of settings. A mistake is shown without the values: they may be secrets.
pub(crate) fn table(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = text(path)?;
    let name = path.display();
    if path.extension().is_some_and(|ending| ending == "toml") {
        return toml::from_str(&text).map_err(|error| {
            let at = error.span().map(|span| text[..span.start].lines().count().max(1));
            let line = at.map(|line| format!(", line {line}")).unwrap_or_default();
            Failure::input(format!("{name}{line}: not TOML"))
        });
    }
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::input(format!("{name}, line {line}, column {column}: not a JSON object"))
    })
}

fn text(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|error| Failure::input(format!("{}: cannot be read: {error}", path.display())))
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, hint: &str) -> Result<T, Failure> {
    let text = text(path)?;
    let name = path.display();
    if path.extension().is_some_and(|ending| ending == "toml") {
        return toml::from_str(&text)
            .map_err(|error| Failure::input(format!("{name}: {}", error.to_string().trim_end())));
    }
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { format!(" at `{path}`") };
        Failure::input(format!("{name}{at}: {} ({hint})", error.inner()))
    })
}

fn from_flags(args: &ShipmentArgs) -> Result<Shipment, Failure> {
    let missing = |flag: &str| {
        Failure::input(format!("give a shipment file, or --from, --to and --weight (missing: {flag})"))
    };
    let from = address("--from", args.from.as_deref().ok_or_else(|| missing("--from"))?)?;
    let to = address("--to", args.to.as_deref().ok_or_else(|| missing("--to"))?)?;
    if args.weight.is_empty() {
        return Err(missing("--weight"));
    }
    if args.size.len() > args.weight.len() {
        return Err(Failure::input("more --size than --weight: give one weight per parcel"));
    }
    let mut parcels = Vec::with_capacity(args.weight.len());
    for (at, weight) in args.weight.iter().enumerate() {
        let weight = weight.parse().map_err(|error| Failure::input(format!("--weight: {error}")))?;
        let size = args
            .size
            .get(at)
            .map(|size| size.parse().map_err(|error| Failure::input(format!("--size: {error}"))))
            .transpose()?;
        parcels.push(Parcel::new(weight, size));
    }
    Ok(Shipment::new(from, to, parcels))
}

/// Reads `name; street; city; state; postal code; country`; the state may be empty.
pub(crate) fn address(flag: &str, text: &str) -> Result<Address, Failure> {
    let parts: Vec<&str> = text.split(';').map(str::trim).collect();
    let &[name, line, city, state, postal_code, country] = parts.as_slice() else {
        let form = "name; street; city; state; postal code; country";
        return Err(Failure::input(format!(
            "{flag}: {} parts, expected six: `{form}` (a part may be empty)",
            parts.len()
        )));
    };
    let country: Country = country.parse().map_err(|error| Failure::input(format!("{flag}: {error}")))?;
    Ok(Address::new(name, line, city, state, postal_code, country))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> ShipmentArgs {
        ShipmentArgs {
            from: Some("Shop; 1 Main St; New York; NY; 10001; US".into()),
            to: Some("Ada; 2 Side St; San Francisco; CA; 94105; US".into()),
            weight: vec!["2.5lb".into()],
            size: vec!["12x8x4in".into()],
            ..ShipmentArgs::default()
        }
    }

    fn message(args: &ShipmentArgs) -> String {
        match shipment(args).unwrap_err() {
            Failure::Input(text) => text,
            Failure::Error(error) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_make_a_shipment() {
        let shipment = shipment(&flags()).unwrap();
        assert_eq!((shipment.to.zip5(), shipment.parcels.len()), (Some("94105"), 1));
    }

    #[test]
    fn each_mistake_says_what_to_do() {
        let with = |change: fn(&mut ShipmentArgs)| {
            let mut args = flags();
            change(&mut args);
            message(&args)
        };
        assert!(with(|args| args.weight = vec!["heavy".into()]).contains("such as 2.5lb"));
        assert!(with(|args| args.weight = vec!["0lb".into()]).contains("not above zero"));
        assert!(with(|args| args.to = Some("Ada; Berlin".into())).contains("expected six"));
        assert!(with(|args| args.to = Some("A; b; c; ; 1; Nowhere".into())).contains("ISO 3166-1"));
        assert!(with(|args| args.to = Some("A; b; c; CA; 123; US".into())).contains("99999"));
        assert!(with(|args| args.signature = Some("blood".into())).contains("adult"));
        assert!(with(|args| args.from = None).contains("--from"));
    }
}

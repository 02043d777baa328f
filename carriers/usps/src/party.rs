//! Addresses in USPS's fields.

use waybill_core::{Address, Country, FieldProblem, wire};

use crate::wire::label::Address as WireAddress;

/// State abbreviations of domestic mail, territories and armed forces with them.
const STATES: &str = "AA AE AL AK AP AS AZ AR CA CO CT DE DC FM FL GA GU HI ID IL IN IA KS KY LA ME MH MD MA MI MN MS MO \
    MP MT NE NV NH NJ NM NY NC ND OH OK OR PW PA PR RI SC SD TN TX UT VT VI VA WA WV WI WY";

/// The state of a domestic address: a territory is its own state.
pub(crate) fn state(address: &Address) -> Option<String> {
    let text = match address.country {
        Country::US => address.state_or_empty().trim().to_ascii_uppercase(),
        territory => territory.as_str().to_owned(),
    };
    STATES.split_ascii_whitespace().any(|state| state == text).then_some(text)
}

/// The five digits of a domestic address.
pub(crate) fn zip5(address: &Address, path: &str) -> Result<String, FieldProblem> {
    address.zip5().map(str::to_owned).ok_or_else(|| {
        FieldProblem::new(
            format!("{path}.postal_code"),
            "there is no ZIP code",
            "give five digits, such as 10001",
        )
    })
}

/// Person and company: USPS wants first and last name, or a firm.
struct Names {
    first: Option<String>,
    last: Option<String>,
    firm: Option<String>,
}

fn names(address: &Address) -> Names {
    let text = |text: Option<&str>| {
        text.map(str::trim).filter(|text| !text.is_empty()).map(|text| wire::clip(text, 50).to_owned())
    };
    let firm = text(address.company.as_deref());
    match text(address.name.as_deref()) {
        None => Names { first: None, last: None, firm },
        Some(name) => match name.rsplit_once(char::is_whitespace) {
            Some((first, last)) => {
                Names { first: Some(first.trim_end().to_owned()), last: Some(last.to_owned()), firm }
            }
            None => Names { first: None, last: None, firm: firm.or(Some(name)) },
        },
    }
}

/// First and last name for forms that insist on both.
pub(crate) fn two_names(address: &Address) -> (String, String) {
    let names = names(address);
    match (names.first, names.last) {
        (Some(first), Some(last)) => (first, last),
        _ => {
            let whole = wire::clip(address.contact().trim(), 50).to_owned();
            match whole.rsplit_once(char::is_whitespace) {
                Some((first, last)) => (first.to_owned(), last.to_owned()),
                None => (whole.clone(), whole),
            }
        }
    }
}

/// Ten digits of a domestic phone, without the country code.
pub(crate) fn domestic_phone(address: &Address) -> Option<String> {
    let digits = address.phone_digits()?;
    let digits =
        if digits.len() == 11 { digits.strip_prefix('1').unwrap_or(&digits).to_owned() } else { digits };
    (digits.len() == 10).then_some(digits)
}

fn foreign_phone(address: &Address) -> Option<String> {
    address.phone_digits().filter(|digits| (6..=15).contains(&digits.len()))
}

fn email(address: &Address) -> Option<String> {
    address
        .email
        .as_deref()
        .map(str::trim)
        .filter(|text| text.len() <= 50 && text.contains('@'))
        .map(str::to_owned)
}

/// Street lines in two fields of 50 characters each.
fn street(address: &Address, path: &str) -> Result<(String, Option<String>), FieldProblem> {
    let mut lines = address.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    let rest = lines.collect::<Vec<_>>().join(" ");
    let long = |field: &str| {
        FieldProblem::new(
            format!("{path}.{field}"),
            "longer than the 50 characters that USPS prints",
            "shorten it",
        )
    };
    match () {
        () if first.is_empty() => Err(FieldProblem::new(
            format!("{path}.lines"),
            "no street line is given",
            "give one or two lines",
        )),
        () if first.chars().count() > 50 => Err(long("lines[0]")),
        () if rest.chars().count() > 50 => Err(long("lines[1]")),
        () => Ok((first, Some(rest).filter(|rest| !rest.is_empty()))),
    }
}

fn city(address: &Address, path: &str) -> Result<String, FieldProblem> {
    let city = address.city.trim();
    if city.is_empty() || city.chars().count() > 28 {
        let problem = "empty, or longer than the 28 characters that USPS prints";
        return Err(FieldProblem::new(format!("{path}.city"), problem, "give a city of 1 to 28 characters"));
    }
    Ok(city.to_owned())
}

/// An address in the US, its territories or its armed forces.
pub(crate) fn domestic(address: &Address, path: &str) -> Result<WireAddress, FieldProblem> {
    let state = state(address).ok_or_else(|| {
        FieldProblem::new(
            format!("{path}.state"),
            "not a state that USPS serves",
            "write its two letters, such as NY",
        )
    })?;
    let (street_address, secondary_address) = street(address, path)?;
    let names = names(address);
    if names.firm.is_none() && names.first.is_none() {
        return Err(FieldProblem::new(
            format!("{path}.name"),
            "there is neither a name nor a company",
            "give one",
        ));
    }
    Ok(WireAddress {
        first_name: names.first,
        last_name: names.last,
        firm: names.firm,
        street_address,
        secondary_address,
        city: city(address, path)?,
        state: Some(state),
        zip_code: Some(zip5(address, path)?),
        zip_plus4: address.zip4().map(str::to_owned),
        phone: domestic_phone(address),
        email: email(address),
        ..WireAddress::default()
    })
}

/// An address abroad.
pub(crate) fn foreign(address: &Address, path: &str) -> Result<WireAddress, FieldProblem> {
    let (street_address, secondary_address) = street(address, path)?;
    let names = names(address);
    let postal_code = address.postal_code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    if postal_code.is_some_and(|code| code.chars().count() > 11) {
        return Err(FieldProblem::new(
            format!("{path}.postal_code"),
            "longer than 11 characters",
            "shorten it",
        ));
    }
    Ok(WireAddress {
        first_name: names.first,
        last_name: names.last,
        firm: names.firm,
        street_address,
        secondary_address,
        city: city(address, path)?,
        postal_code: postal_code.map(str::to_owned),
        province: address.state.as_deref().map(|state| wire::clip(state.trim(), 40).to_owned()),
        country: Some(address.country.name().to_owned()),
        country_iso_alpha2_code: Some(address.country.as_str().to_owned()),
        phone: foreign_phone(address),
        ..WireAddress::default()
    })
}

/// Customs forms want a firm in the sender's address (160023): the person's name stands in.
pub(crate) fn with_firm(mut wire_address: WireAddress, address: &Address) -> WireAddress {
    if wire_address.firm.is_none() {
        wire_address.firm = Some(wire::clip(address.organisation().trim(), 50).to_owned());
    }
    wire_address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new("Ada M Example", "1 Main St", "New York", "ny", "10001-1234", Country::US)
    }

    #[test]
    fn names_are_split_at_the_last_word_and_a_single_word_is_a_firm() {
        let wire = domestic(&address(), "to").unwrap();
        assert_eq!((wire.first_name.as_deref(), wire.last_name.as_deref()), (Some("Ada M"), Some("Example")));
        assert_eq!((wire.state.as_deref(), wire.zip_plus4.as_deref()), (Some("NY"), Some("1234")));
        let mut single = address();
        single.name = Some("Example".into());
        assert_eq!(domestic(&single, "to").unwrap().firm.as_deref(), Some("Example"));
        assert_eq!(two_names(&single), ("Example".into(), "Example".into()));
    }

    #[test]
    fn a_territory_is_its_own_state() {
        let island = Address::new("A B", "1 Calle", "San Juan", "", "00901", Country::PR);
        assert_eq!(state(&island).as_deref(), Some("PR"));
        let mut nowhere = address();
        nowhere.state = Some("XX".into());
        assert_eq!(domestic(&nowhere, "to").err().map(|problem| problem.path).as_deref(), Some("to.state"));
    }

    #[test]
    fn what_does_not_fit_is_named_and_never_cut() {
        let mut long = address();
        long.lines = vec!["x".repeat(51)];
        assert_eq!(domestic(&long, "to").err().unwrap().path, "to.lines[0]");
        let mut city = address();
        city.city = "x".repeat(29);
        assert_eq!(domestic(&city, "to").err().unwrap().path, "to.city");
    }

    #[test]
    fn phones_lose_their_country_code() {
        let mut caller = address();
        caller.phone = Some("+1 (212) 555-0100".into());
        assert_eq!(domestic_phone(&caller).as_deref(), Some("2125550100"));
        caller.phone = Some("12345".into());
        assert_eq!(domestic_phone(&caller), None);
    }
}

//! One table: USPS's code to our kind. Source: the error inventory and the error sections of the API files.

use waybill_core::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, wire};

use crate::wire::failure::{ErrorBody, ErrorField, Failure, Item, Source};

/// Codes of `error.errors[].code`, by first and last code of a range. A code that is not here goes by its HTTP status.
pub const CODES: &[(u32, u32, ErrorKind)] = &[
    // Addresses.
    (10_001, 10_006, ErrorKind::BadAddress),
    (160_119, 160_119, ErrorKind::BadAddress), // ZIP code is not valid
    (160_138, 160_139, ErrorKind::BadAddress), // inactive or restricted ZIP code
    (160_158, 160_159, ErrorKind::BadAddress),
    (160_183, 160_183, ErrorKind::BadAddress), // no ZIP+4 for the address
    (160_188, 160_188, ErrorKind::BadAddress), // another ZIP+4 than the one sent
    (160_243, 160_244, ErrorKind::BadAddress),
    (160_263, 160_263, ErrorKind::BadAddress),
    (160_307, 160_312, ErrorKind::BadAddress),
    (160_320, 160_320, ErrorKind::BadAddress),
    // Carrier pickup.
    (20_001, 20_001, ErrorKind::Invalid), // there is one already
    (20_015, 20_015, ErrorKind::NotFound),
    // Prices: no product for this piece.
    (30_001, 30_002, ErrorKind::NoService),
    (30_004, 30_004, ErrorKind::NoService),
    (30_007, 30_009, ErrorKind::NoService),
    (30_011, 30_023, ErrorKind::NoService),
    (40_001, 40_001, ErrorKind::NoService),
    (160_054, 160_054, ErrorKind::NoService),
    (160_155, 160_157, ErrorKind::NoService), // class and extra service do not go together
    (160_239, 160_239, ErrorKind::NoService),
    (160_257, 160_258, ErrorKind::NoService),
    (160_265, 160_267, ErrorKind::NoService), // size and weight of single ZIP codes
    (160_280, 160_280, ErrorKind::NoService),
    (160_288, 160_288, ErrorKind::NoService),
    (160_306, 160_306, ErrorKind::NoService),
    // Payment.
    (100_001, 100_004, ErrorKind::NotEntitled), // EPS account unknown, inactive, without payment method
    (100_005, 100_005, ErrorKind::Unavailable),
    (100_006, 100_007, ErrorKind::NotEntitled), // card refused, balance too low
    (160_154, 160_154, ErrorKind::Config),
    (160_215, 160_229, ErrorKind::Config), // roles
    (160_254, 160_254, ErrorKind::Config),
    (160_289, 160_290, ErrorKind::Config),
    (160_369, 160_369, ErrorKind::Config),
    (160_372, 160_372, ErrorKind::Config),
    (160_390, 160_392, ErrorKind::Config),
    (160_173, 160_173, ErrorKind::NotEntitled),
    (160_212, 160_212, ErrorKind::NotEntitled), // no contract for the class
    (160_255, 160_255, ErrorKind::NotEntitled),
    (160_259, 160_259, ErrorKind::NotEntitled),
    (160_302, 160_305, ErrorKind::NotEntitled), // not enrolled in USPS Ship
    (160_383, 160_383, ErrorKind::NotEntitled),
    // Tracking.
    (150_001, 150_003, ErrorKind::NotFound),
    (150_004, 150_004, ErrorKind::NotEntitled),
    (150_008, 150_008, ErrorKind::NotEntitled),
    (150_009, 150_011, ErrorKind::NotFound),
    (150_012, 150_012, ErrorKind::NotEntitled),
    // SCAN form.
    (160_037, 160_039, ErrorKind::NotFound),
    (160_040, 160_040, ErrorKind::TooLate),
    (160_397, 160_398, ErrorKind::TooLate),
    // Cancel, refund, reprint.
    (160_174, 160_174, ErrorKind::TooLate), // on a SCAN form
    (160_179, 160_179, ErrorKind::NotFound),
    (160_184, 160_184, ErrorKind::TooLate),
    (160_185, 160_185, ErrorKind::NotFound),
    (160_186, 160_186, ErrorKind::TooLate), // cancelled already: `void` answers `Voided`
    (160_187, 160_187, ErrorKind::Unsupported),
    (160_301, 160_301, ErrorKind::TooLate),
    (160_378, 160_378, ErrorKind::NotFound),
    (160_379, 160_382, ErrorKind::TooLate),
    (160_412, 160_412, ErrorKind::NotFound), // no label with this idempotency key
    (160_979, 160_979, ErrorKind::TooLate),  // the label of this idempotency key is cancelled
];

/// Kind of a code, when the table knows it.
pub fn kind_of(code: &str) -> Option<ErrorKind> {
    let number: u32 = code.trim().parse().ok()?;
    CODES.iter().find(|(first, last, _)| (*first..=*last).contains(&number)).map(|(_, _, kind)| kind.clone())
}

/// Code and first sentence of an error body, as USPS wrote them.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub code: Option<String>,
    pub message: Option<String>,
    parameters: Vec<(String, String)>,
    oauth: bool,
}

/// The error of an answer with a status other than 2xx. Phase: `Answered` when USPS or its gateway said so in a form of
/// its own; 5xx and foreign pages leave the outcome open.
pub fn refusal(response: &Response, what: &str) -> Error {
    let base = wire::status_error(response, what);
    let status = response.status().as_u16();
    let Some(told) = read(response) else {
        // A page that neither USPS nor its gateway wrote proves nothing about what happened behind it.
        let foreign = response.status().is_client_error() && !matches!(status, 401 | 403 | 429);
        return if foreign { base.in_phase(Phase::OutcomeUnknown) } else { base };
    };
    let words =
        CarrierWords { code: told.code.clone(), message: told.message.clone(), ..wire::words_of(response) };
    if status >= 500 || status == 429 {
        return base.with_words(words);
    }
    let kind = told.kind(status);
    let retry_after_token = status == 401 && kind == ErrorKind::Auth;
    let mut error = Error::answered(kind, format!("{what}: {}", told.sentence()), words);
    if retry_after_token {
        error = error.with_retry(waybill_core::Retry::Never);
    }
    error.fields = told
        .parameters
        .iter()
        .map(|(parameter, problem)| FieldProblem::new(parameter.as_str(), problem.as_str(), ""))
        .collect();
    error
}

/// Reads an error body in any of USPS's shapes; `None` when it is none of them.
pub(crate) fn read(response: &Response) -> Option<Told> {
    let failure: Failure = serde_json::from_slice(response.body()).ok()?;
    told(failure)
}

fn told(failure: Failure) -> Option<Told> {
    if let Some(fault) = failure.fault {
        return Some(Told {
            code: fault.detail.and_then(|detail| detail.errorcode),
            message: fault.faultstring,
            ..Told::default()
        });
    }
    match failure.error {
        Some(ErrorField::Body(body)) => Some(of_body(body)),
        Some(ErrorField::Word(word)) => Some(Told {
            oauth: matches!(
                word.as_str(),
                "invalid_client" | "unauthorized_client" | "invalid_grant" | "access_denied"
            ),
            code: Some(word),
            message: failure.error_description,
            ..Told::default()
        }),
        Some(ErrorField::Strange(_)) => None,
        None => failure.body.map(|message| Told { message: Some(message), ..Told::default() }),
    }
}

fn of_body(body: ErrorBody) -> Told {
    of_items(body.errors, body.code, body.message)
}

fn of_items(items: Vec<Item>, code: Option<String>, message: Option<String>) -> Told {
    let sentence = |item: &Item| item.detail.clone().or_else(|| item.title.clone());
    let parameters = items
        .iter()
        .filter_map(|item| match &item.source {
            Some(Source::Place(place)) => Some((clipped(place.parameter.clone()?), clipped(sentence(item)?))),
            _ => None,
        })
        .collect();
    // The item whose code the table knows says most; else the first one.
    let known = items.iter().find(|item| item.code.as_deref().and_then(kind_of).is_some()).or(items.first());
    let code = known.and_then(|item| item.code.clone()).or(code);
    let message = known.and_then(sentence).or(message);
    Told { code, message, parameters, oauth: false }
}

/// What an entry of a list answer says, when it is an error.
pub(crate) fn of_entry(error: Option<ErrorField>, items: Vec<Item>) -> Option<Told> {
    match error {
        Some(ErrorField::Body(body)) => Some(of_body(body)),
        Some(ErrorField::Word(word)) => Some(Told { message: Some(word), ..Told::default() }),
        _ if !items.is_empty() => Some(of_items(items, None, None)),
        _ => None,
    }
}

impl Told {
    pub(crate) fn has_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    pub(crate) fn sentence(&self) -> String {
        let text = self.message.clone().or_else(|| self.code.clone());
        clipped(text.unwrap_or_else(|| "USPS refused without a reason".to_owned()))
    }

    pub(crate) fn kind(&self, status: u16) -> ErrorKind {
        if let Some(kind) = self.code.as_deref().and_then(kind_of) {
            return kind;
        }
        let says =
            |word: &str| self.message.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains(word));
        match status {
            _ if self.oauth => ErrorKind::Auth,
            // An app without the product: a new token does not cure it.
            401 if says("client application identifier") => ErrorKind::NotEntitled,
            401 => ErrorKind::Auth,
            403 => ErrorKind::NotEntitled,
            404 => ErrorKind::NotFound,
            // Older answers of the price APIs hold no code.
            400 if says("could not find zone") || says("working sku") || says("no valid rates") => {
                ErrorKind::NoService
            }
            _ if says("enrolled") => ErrorKind::NotEntitled,
            400 | 409 | 412 | 422 => ErrorKind::Invalid,
            code => ErrorKind::Other(format!("http_{code}")),
        }
    }
}

fn clipped(text: String) -> String {
    wire::clip(&text, 300).to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[test]
    fn ranges_are_in_order_and_do_not_overlap() {
        let mut rows: Vec<_> = CODES.iter().map(|(first, last, _)| (*first, *last)).collect();
        rows.sort_unstable();
        assert!(rows.iter().all(|(first, last)| first <= last));
        assert!(rows.windows(2).all(|pair| pair[0].1 < pair[1].0), "{rows:?}");
    }

    #[test]
    fn every_shape_of_error_has_its_kind_code_and_phase() {
        let rows = [
            (
                400,
                r#"{"apiVersion":"/labels/v3","error":{"code":"400","message":"Bad Request","errors":[{"code":"160185","title":"Bad Request","detail":"Order not found","source":{"parameter":"trackingNumber"}}]}}"#,
                ErrorKind::NotFound,
                Some("160185"),
                Phase::Answered,
            ),
            (
                400,
                r#"{"error":{"code":"400","message":"weight is wrong","errors":[]}}"#,
                ErrorKind::Invalid,
                Some("400"),
                Phase::Answered,
            ),
            (
                401,
                r#"{"error":"invalid_client","error_description":"no"}"#,
                ErrorKind::Auth,
                Some("invalid_client"),
                Phase::Answered,
            ),
            (400, r#"{"error":"invalid_client"}"#, ErrorKind::Auth, Some("invalid_client"), Phase::Answered),
            (
                401,
                r#"{"error":{"code":"401","message":"The client application identifier is invalid."}}"#,
                ErrorKind::NotEntitled,
                Some("401"),
                Phase::Answered,
            ),
            (404, r#"{"error":{"message":"nothing there"}}"#, ErrorKind::NotFound, None, Phase::Answered),
            (404, r#"{"error":"Not found"}"#, ErrorKind::NotFound, Some("Not found"), Phase::Answered),
            (
                403,
                r#"{"fault":{"faultstring":"Raising fault","detail":{"errorcode":"steps.raisefault.RaiseFault"}}}"#,
                ErrorKind::NotEntitled,
                Some("steps.raisefault.RaiseFault"),
                Phase::Answered,
            ),
            (
                400,
                r#"{"body":"CRID isn't enrolled in USPS Ship Outbound","roles":[]}"#,
                ErrorKind::NotEntitled,
                None,
                Phase::Answered,
            ),
            (
                400,
                r#"{"error":{"errors":[{"code":"010005","source":"address","detail":"x"}]}}"#,
                ErrorKind::BadAddress,
                Some("010005"),
                Phase::Answered,
            ),
            (500, r#"{"fault":{"faultstring":"x"}}"#, ErrorKind::Unavailable, None, Phase::OutcomeUnknown),
            (503, "<html>", ErrorKind::Unavailable, None, Phase::OutcomeUnknown),
            (400, "<html>", ErrorKind::Other("http_400".into()), None, Phase::OutcomeUnknown),
        ];
        for (status, body, kind, code, phase) in rows {
            let error = refusal(&answer(status, body), "test");
            assert_eq!((&error.kind, error.carrier_code(), error.phase), (&kind, code, phase), "{body}");
            assert_eq!(error.http_status(), Some(status));
        }
        let throttled = refusal(&answer(429, r#"{"error":{"code":"429","message":"Too many"}}"#), "test");
        assert!(matches!(throttled.kind, ErrorKind::RateLimited { .. }) && throttled.is_retryable());
    }

    #[test]
    fn an_unknown_code_survives_verbatim() {
        let error =
            refusal(&answer(400, r#"{"error":{"errors":[{"code":"169999","detail":"new"}]}}"#), "test");
        assert_eq!((error.kind.clone(), error.carrier_code()), (ErrorKind::Invalid, Some("169999")));
        assert!(error.message.contains("new"));
    }
}

//! One table: USPS's code to our kind. Source: the error inventory and the error sections of the API files.

use waybill_core::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, wire};

use crate::wire::failure::{Entry, ErrorBody, ErrorField, Failure, Item, Source};

/// Codes of `error.errors[].code`, by first and last code of a range. A code that is not here goes by its HTTP status.
pub const CODES: &[(u32, u32, ErrorKind)] = &[
    // Addresses.
    (10_001, 10_006, ErrorKind::BadAddress),
    (160_119, 160_119, ErrorKind::BadAddress), // ZIP code is not valid
    (160_138, 160_139, ErrorKind::BadAddress), // inactive or restricted ZIP code
    (160_158, 160_159, ErrorKind::BadAddress),
    (160_183, 160_183, ErrorKind::BadAddress), // no ZIP+4 for the address
    (160_188, 160_188, ErrorKind::BadAddress), // another ZIP+4 than the one sent
    (160_190, 160_191, ErrorKind::NoService),  // ZIP code without return labels
    (160_192, 160_192, ErrorKind::BadAddress),
    (160_194, 160_195, ErrorKind::BadAddress),
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
    (160_276, 160_277, ErrorKind::TooLate), // no refund once it is manifested
    (160_301, 160_301, ErrorKind::TooLate),
    (160_378, 160_378, ErrorKind::NotFound),
    (160_379, 160_382, ErrorKind::TooLate),
    (160_384, 160_384, ErrorKind::Unsupported), // sold by another system of USPS's
    (160_412, 160_412, ErrorKind::NotFound),    // no label with this idempotency key
    (160_979, 160_979, ErrorKind::TooLate),     // the label of this idempotency key is cancelled
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
    let failure: Failure = serde_json::from_slice(crate::multipart::without_mark(response.body())).ok()?;
    told(failure)
}

/// The refusal inside an answer of HTTP 200 that holds nothing else: the payment service is known for it.
pub(crate) fn inside(response: &Response, what: &str) -> Option<Error> {
    let told = read(response).filter(|told| !told.is_silent())?;
    let words =
        CarrierWords { code: told.code.clone(), message: told.message.clone(), ..wire::words_of(response) };
    Some(Error::answered(told.kind(400), format!("{what}: {}", told.sentence()), words))
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
            message: failure.error_description.or(failure.message),
            ..Told::default()
        }),
        Some(ErrorField::Strange(_)) => None,
        None => {
            let message = failure.message.or(failure.body).or(failure.detail).or(failure.title);
            let told = of_items(failure.errors, failure.code, message);
            (!told.is_silent()).then_some(told)
        }
    }
}

fn of_body(body: ErrorBody) -> Told {
    of_items(body.errors, body.code, body.message)
}

fn of_items(items: Vec<Item>, code: Option<String>, message: Option<String>) -> Told {
    let entries: Vec<Entry> = items.into_iter().filter_map(Item::entry).collect();
    let sentence = |entry: &Entry| {
        entry.detail.clone().or_else(|| entry.message.clone()).or_else(|| entry.title.clone())
    };
    let parameters = entries
        .iter()
        .filter_map(|entry| match &entry.source {
            Some(Source::Place(place)) => {
                Some((clipped(place.parameter.clone()?), clipped(sentence(entry)?)))
            }
            _ => None,
        })
        .collect();
    // The entry whose code the table knows says most; else the first one.
    let known =
        entries.iter().find(|entry| entry.code.as_deref().and_then(kind_of).is_some()).or(entries.first());
    let code = known.and_then(|entry| entry.code.clone()).or(code);
    let message = known.and_then(sentence).or(message);
    Told { code, message, parameters, oauth: false }
}

/// What an entry of a list answer says, when it is an error.
pub(crate) fn of_entry(error: Option<ErrorField>, items: Vec<Item>) -> Option<Told> {
    let told = match error {
        Some(ErrorField::Body(body)) => of_body(body),
        Some(ErrorField::Word(word)) => Told { message: Some(word), ..Told::default() },
        _ => of_items(items, None, None),
    };
    (!told.is_silent()).then_some(told)
}

impl Told {
    pub(crate) fn new(code: Option<String>, message: String) -> Self {
        Self { code, message: Some(message), ..Self::default() }
    }

    /// Nothing is said: an empty `error` beside a proper answer.
    pub(crate) fn is_silent(&self) -> bool {
        self.code.is_none() && self.message.is_none()
    }

    /// Whether the code is one of these; a number that lost its leading zero counts.
    pub(crate) fn has_code(&self, codes: &[&str]) -> bool {
        let plain = |code: &str| code.trim().trim_start_matches('0').to_owned();
        self.code.as_deref().is_some_and(|own| codes.iter().any(|code| plain(code) == plain(own)))
    }

    pub(crate) fn sentence(&self) -> String {
        let text = self.message.clone().or_else(|| self.code.clone());
        clipped(text.unwrap_or_else(|| "USPS refused without a reason".to_owned()))
    }

    pub(crate) fn kind(&self, status: u16) -> ErrorKind {
        if let Some(kind) = self.code.as_deref().and_then(kind_of) {
            return kind;
        }
        let holds = |text: &Option<String>, word: &str| {
            text.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains(word))
        };
        let says = |word: &str| holds(&self.message, word) || holds(&self.code, word);
        match status {
            _ if self.oauth => ErrorKind::Auth,
            // An app without the product: a new token does not cure it.
            401 if says("client application identifier") || says("noapiproductmatchfound") => {
                ErrorKind::NotEntitled
            }
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

    type Row = (u16, &'static str, ErrorKind, Option<&'static str>, Phase);

    fn check(rows: &[Row]) {
        for (status, body, kind, code, phase) in rows {
            let error = refusal(&answer(*status, body), "test");
            assert_eq!((&error.kind, error.carrier_code(), error.phase), (kind, *code, *phase), "{body}");
            assert_eq!(error.http_status(), Some(*status));
        }
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
        check(&rows);
        let throttled = refusal(&answer(429, r#"{"error":{"code":"429","message":"Too many"}}"#), "test");
        assert!(matches!(throttled.kind, ErrorKind::RateLimited { .. }) && throttled.is_retryable());
    }

    #[test]
    fn errors_without_the_envelope_and_in_odd_entries_are_read_too() {
        check(&[
            (
                401,
                r#"{"fault":{"faultstring":"Invalid API call","detail":{"errorcode":"keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"}}}"#,
                ErrorKind::NotEntitled,
                Some("keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"),
                Phase::Answered,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Bad Request","errors":["the ZIP code is wrong",null,7]}}"#,
                ErrorKind::Invalid,
                Some("400"),
                Phase::Answered,
            ),
            (
                400,
                r#"{"apiVersion":"v3","errors":[{"code":160185,"message":"Order not found","source":["x"]}]}"#,
                ErrorKind::NotFound,
                Some("160185"),
                Phase::Answered,
            ),
            (404, r#"{"code":"404","message":"nothing"}"#, ErrorKind::NotFound, Some("404"), Phase::Answered),
            (422, r#"{"title":"Unprocessable","detail":{}}"#, ErrorKind::Invalid, None, Phase::Answered),
            (404, "\u{feff}{\"error\":{\"message\":\"x\"}}", ErrorKind::NotFound, None, Phase::Answered),
            (404, "{}", ErrorKind::NotFound, None, Phase::OutcomeUnknown),
            (400, "Bad Request", ErrorKind::Other("http_400".into()), None, Phase::OutcomeUnknown),
            (401, "", ErrorKind::Auth, None, Phase::Answered),
        ]);
    }

    #[test]
    fn codes_are_compared_as_numbers_and_an_empty_error_says_nothing() {
        let told = read(&answer(400, r#"{"error":{"errors":[{"code":10006}]}}"#)).unwrap();
        assert!(told.has_code(&["010006"]) && !told.has_code(&["10007"]));
        for silent in [r#"{"error":[]}"#, r#"{"error":{}}"#, r#"{"error":null,"errors":[]}"#] {
            assert!(inside(&answer(200, silent), "test").is_none(), "{silent}");
        }
        let refused = inside(&answer(200, r#"{"body":"CRID isn't enrolled in USPS Ship"}"#), "test").unwrap();
        assert_eq!((refused.kind, refused.phase), (ErrorKind::NotEntitled, Phase::Answered));
    }

    #[test]
    fn an_unknown_code_survives_verbatim() {
        let error =
            refusal(&answer(400, r#"{"error":{"errors":[{"code":"169999","detail":"new"}]}}"#), "test");
        assert_eq!((error.kind.clone(), error.carrier_code()), (ErrorKind::Invalid, Some("169999")));
        assert!(error.message.contains("new"));
    }
}

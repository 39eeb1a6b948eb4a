//! `Packhorse-Ignored`: what of a request had no effect, on every answer; and `Prefer: handling=strict`, which makes it
//! a 400 before anything happens.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

use super::error::Error;
use super::idempotency::HEADER as KEY;
use crate::wire::fields::Ignored;

/// The names of what had no effect.
pub(crate) const IGNORED: HeaderName = HeaderName::from_static("packhorse-ignored");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const STRICT: &str = "handling=strict";

/// The one parameter that may be given several times: all its values count.
const SEVERAL: &str = "status";

/// Which headers a path and method look at.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    /// `If-Match`, of commands.
    pub(crate) conditions: bool,
    /// `Idempotency-Key`.
    pub(crate) key: bool,
}

/// Notes a key against repetition where nothing is done that could be repeated.
pub(crate) fn without_key(headers: &HeaderMap, ignored: &Ignored) {
    if headers.contains_key(KEY) {
        ignored.note("", "Idempotency-Key");
    }
}

/// Serves `request`, whose path and method take the parameters `known`, each once, and look at the headers `heard`.
pub(crate) async fn told(
    request: ServiceRequest,
    next: Next<BoxBody>,
    known: &'static [&'static str],
    heard: Heard,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_strict = is_strict(request.headers());
    let ignored = Ignored::default();
    let known = parameters(request.query_string(), known, &ignored);
    conditions(request.request(), heard.conditions, &ignored);
    if !heard.key {
        without_key(request.headers(), &ignored);
    }
    let noted = note(request.request(), &ignored);
    let refusal = known.and(noted).err();
    let mut response = match refusal {
        Some(error) => request.into_response(error.error_response()),
        None => next.call(request).await?,
    };
    let list = response.request().extensions().get::<Ignored>().map(Ignored::list);
    if let Some(list) = list.and_then(|list| HeaderValue::try_from(list).ok()) {
        response.headers_mut().insert(IGNORED, list);
    }
    if is_strict {
        response.headers_mut().insert(APPLIED, HeaderValue::from_static(STRICT));
    }
    Ok(response)
}

/// Keeps what was `ignored` of `request` for its answer; refuses it where the sender is strict.
pub(crate) fn note(request: &HttpRequest, ignored: &Ignored) -> Result<(), Error> {
    if ignored.is_empty() {
        return Ok(());
    }
    let mut extensions = request.extensions_mut();
    if extensions.get::<Ignored>().is_none() {
        extensions.insert(Ignored::default());
    }
    if let Some(kept) = extensions.get::<Ignored>() {
        kept.extend(ignored);
    }
    if is_strict(request.headers()) {
        let list = ignored.list();
        let text = format!("Nothing was done: {list} would have no effect here. Leave it out, or do without {STRICT}.");
        return Err(Error::bad_request(&text));
    }
    Ok(())
}

/// Notes the parameters in `query` that are not `known`. One that is, and is there twice, is refused: to take either of
/// its values could be wrong.
fn parameters(query: &str, known: &[&'static str], ignored: &Ignored) -> Result<(), Error> {
    if query.is_empty() {
        return Ok(());
    }
    // A malformed query is for the endpoint to refuse, if it looks at it.
    let Ok(pairs) = web::Query::<Vec<(String, String)>>::from_query(query) else { return Ok(()) };
    let mut seen = 0_u64;
    let mut repeated = None;
    for (name, _) in pairs.iter().filter(|(name, _)| !name.is_empty()) {
        match known.iter().position(|known| known == name) {
            None => ignored.note("", name),
            Some(place) if known[place] != SEVERAL && seen & (1 << place) != 0 => repeated = Some(known[place]),
            Some(place) => seen |= 1 << place,
        }
    }
    repeated
        .map_or(Ok(()), |name| Err(Error::field(name, "This parameter is there more than once. Give it once.".into())))
}

/// Notes the conditions that nobody looks at. A read that does not know `If-None-Match` answers in full, which is what
/// such a caller has to expect.
fn conditions(request: &HttpRequest, is_conditional: bool, ignored: &Ignored) {
    let (headers, reads) = (request.headers(), request.method().is_safe());
    let is_guarded = headers.contains_key(IF_MATCH) && is_conditional && !reads;
    if headers.contains_key(IF_MATCH) && !is_guarded {
        ignored.note("", "If-Match");
    }
    // Beside a tag that is looked at, the date counts for nothing anyway (RFC 9110, 13.1.4).
    if headers.contains_key(IF_UNMODIFIED_SINCE) && !is_guarded {
        ignored.note("", "If-Unmodified-Since");
    }
    if headers.contains_key(IF_NONE_MATCH) && !reads {
        ignored.note("", "If-None-Match");
    }
}

fn is_strict(headers: &HeaderMap) -> bool {
    let preferences =
        headers.get_all(PREFER).filter_map(|value| value.to_str().ok()).flat_map(|text| text.split([',', ';']));
    preferences.map(|preference| preference.replace([' ', '\t', '"'], "")).any(|word| word.eq_ignore_ascii_case(STRICT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_found_among_others() {
        let check = |text: &'static str, strict: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, HeaderValue::from_static(text));
            assert_eq!(is_strict(&headers), strict, "{text}");
        };
        check("handling=strict", true);
        check("return=minimal, Handling = \"strict\"; x=y", true);
        check("handling=lenient", false);
        check("x-handling=strict", false);
    }

    #[test]
    fn parameters_that_a_path_does_not_have_are_named_and_one_that_it_has_is_taken_once() {
        let check = |query: &str, list: &str, is_taken: bool| {
            let ignored = Ignored::default();
            let taken = parameters(query, &["limit", "dry_run", "status"], &ignored);
            assert_eq!((ignored.list().as_str(), taken.is_ok()), (list, is_taken), "{query}");
        };
        check("limit=2&page=2&dryrun=true&=x&=y&page=3", "page, dryrun", true);
        check("limit=2", "", true);
        check("", "", true);
        check("status=a&limit=2&status=b", "", true);
        check("limit=2&page=2&limit=2", "page", false);
        check("dry_run=true&dry%5Frun=", "", false);
    }
}

//! `Packhorse-Ignored`: what of a request had no effect, on every answer; and `Prefer: handling=strict`, which makes it a
//! 400 before anything happens.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};

use super::error::Error;
use super::fields::Ignored;

/// The names of what had no effect.
pub(crate) const IGNORED: HeaderName = HeaderName::from_static("packhorse-ignored");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const STRICT: &str = "handling=strict";

/// Serves `request`, whose path and method take the parameters `known`.
pub(super) async fn told(
    request: ServiceRequest,
    next: Next<BoxBody>,
    known: &'static [&'static str],
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_strict = is_strict(request.headers());
    let refusal = match unknown(request.query_string(), known) {
        Some(ignored) => note(request.request(), &ignored).err(),
        None => None,
    };
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
pub(super) fn note(request: &HttpRequest, ignored: &Ignored) -> Result<(), Error> {
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

/// The parameters in `query` that are not `known`.
fn unknown(query: &str, known: &[&str]) -> Option<Ignored> {
    if query.is_empty() {
        return None;
    }
    // A malformed query is for the endpoint to refuse, if it looks at it.
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).ok()?;
    let ignored = Ignored::default();
    let is_unknown = |name: &&String| !name.is_empty() && !known.contains(&name.as_str());
    pairs.iter().map(|(name, _)| name).filter(is_unknown).for_each(|name| ignored.note("", name));
    Some(ignored)
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
    fn parameters_that_a_path_does_not_have_are_named() {
        let list = |query: &str| unknown(query, &["limit", "dry_run"]).map(|ignored| ignored.list());
        assert_eq!(list("limit=2&page=2&dryrun=true&limit=3&=x&page=3").as_deref(), Some("page, dryrun"));
        assert_eq!(list("limit=2").as_deref(), Some(""));
        assert_eq!(list(""), None);
    }
}

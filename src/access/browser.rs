//! What browsers are told, and what they tell: security headers, other origins, other sites.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};

/// For answers that are no pages.
const CSP_NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// For the pages of the console.
const CSP_CONSOLE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What a page asks for by itself carries it.
const LIVE: HeaderName = HeaderName::from_static("x-live");
/// What pages follow. A browser adds no header to it.
const LIVE_PATH: &str = "/admin/live/";

/// Whether a browser says that a page of this origin, or nobody's page, made the request. Programs say nothing.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

/// Whether a browser says that a page of another site led here, so that it kept its cookies to itself.
#[must_use]
pub fn is_led_here(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site")
}

/// Whether a page of this origin, or no page, made the request, for browsers that do not tell [`is_same_origin`].
pub(super) fn is_own_origin(headers: &HeaderMap) -> bool {
    if headers.contains_key(FETCH_SITE) {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let place = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, place)| place.as_bytes());
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    place.zip(host).is_some_and(|(place, host)| place.eq_ignore_ascii_case(host))
}

/// Whether the body is a form, by its type, which is the same in capital letters.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_of_type(headers, |essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Whether the body is in parts, each with a head of its own, as a browser sends a form with files.
pub(crate) fn is_multipart(headers: &HeaderMap) -> bool {
    is_of_type(headers, |essence| essence.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")))
}

fn is_of_type(headers: &HeaderMap, judge: impl Fn(&str) -> bool) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|essence| judge(essence.trim()))
}

/// Whether a page asks by itself, to show what is new: nobody need be there.
pub(super) fn is_of_itself(path: &str, headers: &HeaderMap) -> bool {
    headers.contains_key(LIVE) || path == LIVE_PATH
}

/// Whether `Host` is one that no other name can be made to lead to.
pub(super) fn is_local_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split_once(']').is_some_and(|(ip, _)| ip.parse::<std::net::Ipv6Addr>().is_ok()),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Whether `path` is one of the console's pages.
pub(crate) fn is_console(path: &str) -> bool {
    path.starts_with("/admin/")
}

/// What the path of an answer says of how browsers may treat it.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    is_console: bool,
    is_data: bool,
}

impl Kind {
    /// What is served at `path`.
    pub(super) fn of(path: &str) -> Self {
        let is_console = is_console(path);
        Self { is_console, is_data: is_console || path.starts_with("/api/") }
    }
}

/// Adds what no answer of this `kind` goes without. A policy or a time to keep it that the endpoint gave stays.
pub(super) fn protect(headers: &mut HeaderMap, Kind { is_console, is_data }: Kind, is_secure: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, if is_console { CSP_CONSOLE } else { CSP_NOTHING });
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    if is_data {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// The origin of a request, where it is one of `origins`.
pub(super) fn allowed_origin(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    if origins.is_empty() {
        return None;
    }
    let origin = headers.get(header::ORIGIN)?;
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Whether a browser asks what another origin may do.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What an allowed origin may do: call with a key. Cookies never come from another site.
pub(super) fn preflight() -> HttpResponse {
    HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Api-Key, X-Request-Id",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// Lets a page of `origin` read the answer.
pub(super) fn share(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "ETag, Idempotent-Replayed, Link, Packhorse-Ignored, Packhorse-Row, Preference-Applied, Retry-After, \
             X-Request-Id",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_asks_for_by_itself_is_told_from_what_somebody_asks_for() {
        let nothing = HeaderMap::new();
        let live = HeaderMap::from_iter([(LIVE, HeaderValue::from_static("1"))]);
        assert!(is_of_itself("/admin/live/", &nothing) && is_of_itself("/admin/orders/", &live));
        assert!(!is_of_itself("/admin/orders/", &nothing));
    }

    #[test]
    fn an_origin_is_our_own_by_its_host_and_port() {
        let check = |origin: &str, is_own: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            assert_eq!(is_own_origin(&headers), is_own, "{origin}");
        };
        check("http://localhost:8080", true);
        check("https://LOCALHOST:8080", true);
        check("http://localhost", false);
        check("http://localhost:80801", false);
        check("https://evil.example", false);
        check("null", false);
        assert!(is_own_origin(&HeaderMap::new()));
    }

    #[test]
    fn only_addresses_and_localhost_are_local_names() {
        let check = |host: &str, is_local: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            assert_eq!(is_local_name(&headers), is_local, "{host}");
        };
        check("localhost", true);
        check("LOCALHOST:8080", true);
        check("127.0.0.1:8080", true);
        check("[::1]:8080", true);
        check("evil.example", false);
        check("127.0.0.1.evil.example", false);
        check("[evil]", false);
        check("localhost.evil.example", false);
    }
}

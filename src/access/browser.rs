//! What browsers are told, and what they tell: security headers, other origins, other sites.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};

/// For answers that are no pages.
const CSP_NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// For pages.
const CSP_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What a page asks for by itself carries it.
const LIVE: HeaderName = HeaderName::from_static("x-live");

/// Where the pages for people are, which browsers treat otherwise than data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagePaths {
    /// What the path of each begins with.
    pub root: &'static str,
    /// What pages follow to show what is new. A browser adds no header to it.
    pub live: &'static str,
}

/// Whether a page of this origin, or nobody's page, made the request, as the browser says. Programs say nothing.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    match headers.get(FETCH_SITE) {
        Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        // An old browser does not tell, and no browser tells a server that it calls in the clear by a name.
        None => headers.get(header::ORIGIN).is_none_or(|origin| is_own_origin(origin, headers)),
    }
}

/// Whether a browser says that a page of another site led here, so that it kept its cookies to itself.
#[must_use]
pub fn is_led_here(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site")
}

/// Whether `origin` is where the request goes to. Its scheme is not compared: a proxy may end the encryption. The port
/// that it leaves out may stand in `Host`, where a proxy writes it.
fn is_own_origin(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    let (Some(origin), Some(host)) = (text(origin), headers.get(header::HOST).and_then(text)) else { return false };
    let Some((scheme, place)) = origin.split_once("://") else { return false };
    let port = if scheme == "https" { ":443" } else { ":80" };
    place == host || host.strip_suffix(port) == Some(place)
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

/// Whether something among `pages` asks by itself, to show what is new: nobody need be there.
pub(super) fn is_of_itself(pages: Option<PagePaths>, path: &str, headers: &HeaderMap) -> bool {
    headers.contains_key(LIVE) || pages.is_some_and(|pages| pages.live == path)
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

/// What the path of an answer says of how browsers may treat it.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    is_page: bool,
    is_data: bool,
}

impl Kind {
    /// What is served at `path`, where `is_page` says whether that is a page.
    pub(super) fn of(path: &str, is_page: bool) -> Self {
        Self { is_page, is_data: is_page || path.starts_with("/api/") }
    }
}

/// Adds what no answer of this `kind` goes without. A policy or a time to keep it that the endpoint gave stays.
pub(super) fn protect(headers: &mut HeaderMap, Kind { is_page, is_data }: Kind, is_secure: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, if is_page { CSP_PAGE } else { CSP_NOTHING });
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
        let pages = Some(PagePaths { root: "/pages/", live: "/pages/live/" });
        assert!(is_of_itself(pages, "/pages/live/", &nothing) && is_of_itself(pages, "/pages/orders/", &live));
        assert!(!is_of_itself(pages, "/pages/orders/", &nothing) && !is_of_itself(None, "/pages/live/", &nothing));
    }

    #[test]
    fn an_origin_is_our_own_by_its_host_and_port() {
        let check = |host: &str, origin: &str, is_own: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            assert_eq!(is_ours(&headers), is_own, "{host} {origin}");
            headers.insert(FETCH_SITE, HeaderValue::from_static("same-origin"));
            assert!(is_ours(&headers), "a browser that tells the site knows better: {host} {origin}");
        };
        check("localhost:8080", "http://localhost:8080", true);
        check("localhost:8080", "https://LOCALHOST:8080", true);
        check("localhost:8080", "http://localhost", false);
        check("localhost:8080", "http://localhost:80801", false);
        check("localhost:8080", "https://evil.example", false);
        check("localhost:8080", "null", false);
        check("Shop.example", "https://shop.example", true);
        check("shop.example:443", "https://shop.example", true);
        check("shop.example:80", "http://shop.example", true);
        check("shop.example:443", "http://shop.example", false);
        check("[::1]:80", "http://[::1]", true);
        assert!(is_ours(&HeaderMap::new()));
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

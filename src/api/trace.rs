//! What holds for every request: an id that is echoed, a span around it, both forms of the slash, an end to bodies that
//! have none, one log line when the server is at fault.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;

use super::error::{Error, Log};
use super::unread::Unread;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most bytes of an id that a client gives.
const ID_MAX: usize = 64;

/// Differs from process to process, so that ids in the logs of several do too.
static PREFIX: LazyLock<u32> = LazyLock::new(|| {
    let [a, b, c, d, ..] = RandomState::new().hash_one("request id").to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
});
static COUNT: AtomicU64 = AtomicU64::new(1);

/// Serves one request.
pub(super) async fn request(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    end_with_slash(&mut request);
    let id = given(&request).unwrap_or_else(made);
    let span = tracing::debug_span!("request", id = ?id, method = %request.method(), path = request.path());
    let unread = Unread::of(&mut request);
    let response = next.call(request).instrument(span).await?;
    let mut response = unread.until_sent(response);
    if response.status().is_server_error() {
        log(&response, &id);
    }
    response.headers_mut().insert(HEADER, id);
    Ok(response)
}

/// Both forms of a path are served alike: the one without the slash becomes the one with it, without a redirect.
fn end_with_slash(request: &mut ServiceRequest) {
    let uri = request.uri();
    if uri.path().ends_with('/') || !uri.path().starts_with('/') {
        return;
    }
    let (path, query) = (uri.path(), uri.query());
    let text = query.map_or_else(|| format!("{path}/"), |query| format!("{path}/?{query}"));
    // One byte more may be one too many; then the path stays as it is, and is unknown.
    let Ok(slashed) = text.parse::<Uri>() else { return };
    request.match_info_mut().get_mut().update(&slashed);
    request.head_mut().uri = slashed;
}

fn given(request: &ServiceRequest) -> Option<HeaderValue> {
    let id = request.headers().get(HEADER)?;
    let bytes = id.as_bytes();
    ((1..=ID_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)).then(|| id.clone())
}

fn made() -> HeaderValue {
    let id = format!("{:08x}-{:x}", *PREFIX, COUNT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::try_from(id).expect("hexadecimal digits and a dash are a header value")
}

fn log(response: &ServiceResponse, id: &HeaderValue) {
    let status = response.status().as_u16();
    let (method, path) = (response.request().method(), response.request().path());
    let error = response.response().error().and_then(actix_web::Error::as_error::<Error>);
    match error.and_then(Error::log) {
        Some(Log::Fault(cause)) => tracing::error!(?id, status, %method, path, %cause, "request failed"),
        Some(Log::Refused(cause)) => tracing::warn!(?id, status, %method, path, %cause, "request not served"),
        None => tracing::debug!(?id, status, %method, path, "request not served"),
    }
}

//! What holds for every request: an id that is echoed, a span around it, both forms of the slash, an end to bodies that
//! have none and to connections whose end was announced, one log line when the server is at fault, and one for each
//! request for those who ask for it.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, Uri};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use tracing::Instrument;

use super::connection::{self, Connection};
use super::error::{Error, ErrorPage, Log};
use super::unread::Unread;
use crate::access::{AccessGuard, Caller};

/// Who wants a line for each request asks for it: `RUST_LOG=warn,packhorse=info,packhorse::access=debug`.
const ACCESS: &str = "packhorse::access";
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The most bytes of an id that a client gives.
const ID_MAX: usize = 64;
/// The most bytes of path and query together.
const TARGET_BYTES_MAX: usize = 16 << 10;
/// What `OPTIONS *` answers: each method that some path knows.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");

/// Differs from process to process, so that ids in the logs of several do too.
static PREFIX: LazyLock<u32> = LazyLock::new(|| {
    let [a, b, c, d, ..] = RandomState::new().hash_one("request id").to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
});
static COUNT: AtomicU64 = AtomicU64::new(1);

/// Serves one request.
pub(crate) async fn request(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.conn_data::<Connection>().is_some_and(Connection::is_ending) {
        return Ok(connection::cut(request).await);
    }
    let begun = tracing::enabled!(target: ACCESS, tracing::Level::DEBUG).then(Instant::now);
    take_host(&mut request);
    end_with_slash(&mut request);
    let id = given(&request).unwrap_or_else(made);
    let text = id.to_str().unwrap_or_default();
    let span = tracing::debug_span!("request", id = text, method = %request.method(), path = request.path());
    let client_closes = request.head().connection_type() == ConnectionType::Close;
    let unread = Unread::of(&mut request);
    let response = match beforehand(&request) {
        Some(answer) => request.into_response(answer),
        None => next.call(request).instrument(span).await?,
    };
    let mut response = unread.settle(response).await;
    if client_closes {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if response.response().head().connection_type() == ConnectionType::Close
        && let Some(connection) = response.request().conn_data::<Connection>()
    {
        connection.end();
    }
    if response.status().is_server_error() {
        log(&response, &id);
    }
    if let Some(begun) = begun {
        log_access(&response, &id, begun);
    }
    response.headers_mut().insert(HEADER, id);
    Ok(response)
}

/// The answer to what no path is asked about.
fn beforehand(request: &ServiceRequest) -> Option<HttpResponse> {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > TARGET_BYTES_MAX) {
        return Some(refused(request, Error::target_too_long(TARGET_BYTES_MAX)));
    }
    if hides_letters(request.uri().path()) {
        let text = "Letters, digits, - and _ in a path are not percent-encoded: send them as they are.";
        return Some(refused(request, Error::bad_request(text)));
    }
    let is_about_the_server = request.method() == Method::OPTIONS && request.uri().path() == "*";
    is_about_the_server.then(|| HttpResponse::NoContent().insert_header((header::ALLOW, METHODS)).finish())
}

/// The answer to a target that is `error`: a page to one for a page, with what protects it.
fn refused(request: &ServiceRequest, error: Error) -> HttpResponse {
    let guard = request.app_data::<AccessGuard>().filter(|guard| guard.is_page(request.path()));
    let (Some(page), Some(guard)) = (request.app_data::<ErrorPage>(), guard) else { return error.error_response() };
    let mut answer = page.0(request.request(), error);
    guard.protect(request.path(), answer.headers_mut());
    answer
}

/// Whether `path` encodes what need not be encoded. The router takes both spellings for the same path, while who may do
/// what, and how browsers treat it, is judged by how a path begins: it has one spelling.
fn hides_letters(path: &str) -> bool {
    let hidden = path.split('%').skip(1).filter_map(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
    hidden.into_iter().any(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A target may say by itself who is called, and then it counts and not `Host` (RFC 9112, 3.2.2): whatever looks at
/// `Host` from here on sees who that is.
fn take_host(request: &mut ServiceRequest) {
    let Some(authority) = request.uri().authority() else { return };
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    let host = HeaderValue::from_str(host).expect("what may stand in a URI is a header value");
    request.headers_mut().insert(header::HOST, host);
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
    let mut id = [0; 8 + 1 + 16];
    let mut rest = &mut id[..];
    write!(rest, "{:08x}-{:x}", *PREFIX, COUNT.fetch_add(1, Ordering::Relaxed)).expect("there is room for both");
    let unused = rest.len();
    HeaderValue::from_bytes(&id[..id.len() - unused]).expect("hexadecimal digits and a dash are a header value")
}

/// One line for a request. Neither what stands behind the path nor a header is in it: both may hold what is secret.
fn log_access(response: &ServiceResponse, id: &HeaderValue, begun: Instant) {
    let request = response.request();
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    let (method, status) = (request.method(), response.status().as_u16());
    let path = shown(request);
    let path = path.as_deref();
    let who = Caller::of(request).who;
    let id = id.to_str().unwrap_or_default();
    let peer = request.peer_addr().map(|address| tracing::field::display(address.ip()));
    tracing::debug!(target: ACCESS, id, %method, path, status, ms, caller = %who, peer, "answered");
}

/// The path of `request` where only numbers stand in it beside what is ours, otherwise what it is the pattern of. What
/// somebody wrote in the place of an id may be an e-mail address, and an unknown path anything.
fn shown(request: &HttpRequest) -> Option<Cow<'_, str>> {
    let pattern = request.match_pattern()?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_numbers = request.match_info().iter().all(|(_, part)| is_number(part));
    Some(if has_numbers { request.path().into() } else { pattern.into() })
}

fn log(response: &ServiceResponse, id: &HeaderValue) {
    let status = response.status().as_u16();
    let (method, path) = (response.request().method(), response.request().path());
    // As in the line about the answer, and as the client has it.
    let id = id.to_str().unwrap_or_default();
    let error = response.response().error().and_then(actix_web::Error::as_error::<Error>);
    match error.and_then(Error::log) {
        Some(Log::Fault(cause)) => tracing::error!(id, status, %method, path, %cause, "request failed"),
        Some(Log::Refused(cause)) => tracing::warn!(id, status, %method, path, %cause, "request not served"),
        None => tracing::debug!(id, status, %method, path, "request not served"),
    }
}

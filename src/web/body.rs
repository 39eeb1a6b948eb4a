//! Reading a body: within a number of bytes, within a time, and JSON or nothing.
//!
//! A body takes room of what all bodies together may have, as much as has arrived of it: one that was announced and
//! does not come takes none. Whoever reads one, a form or a file too, uses [`collect_within`] and keeps the lease for
//! as long as the bytes, or what was made of them, are there.

use std::future::poll_fn;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use futures_util::Stream;

use super::error::Error;
use super::state::{AppState, Lease};
use crate::access;

/// A body up to this size is covered by the number of connections.
const UNLEASED_BYTES: usize = 16 << 10;

type Reading<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// The body of a request on one thing.
pub(crate) struct Body(pub(crate) Bytes, pub(crate) Lease);

/// The body of a bulk.
pub(crate) struct BulkBody(pub(crate) Bytes, pub(crate) Lease);

impl FromRequest for Body {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = AppState::of(request).limits().body_bytes;
        let (request, payload) = (request.clone(), payload.take());
        // Read here and not handed over: a future that is moved into another one takes its room twice.
        Box::pin(async move { read(request, payload, limit).await.map(|(body, lease)| Self(body, lease)) })
    }
}

impl FromRequest for BulkBody {
    type Error = Error;
    type Future = Reading<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = AppState::of(request).limits().bulk_body_bytes;
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(request, payload, limit).await.map(|(body, lease)| Self(body, lease)) })
    }
}

async fn read(request: HttpRequest, payload: Payload, limit: usize) -> Result<(Bytes, Lease), Error> {
    let announced = announced(&request);
    if announced == Some(0) {
        // Nothing was sent, so that its type does not matter: an endpoint that needs a field says which.
        return Ok((Bytes::new(), Lease::default()));
    }
    check_type(&request)?;
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Error::body_too_large(limit));
    }
    collect_within(&request, payload, limit).await
}

/// A body of at most `limit` bytes, whatever its type, within the time that a body may take, and the room that it
/// takes.
///
/// A right that ended while it was on its way does nothing any more: it is asked for again here, for all who read one.
pub(crate) async fn collect_within(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<(Bytes, Lease), Error> {
    check_encoding(request)?;
    let app = AppState::of(request);
    let length = announced(request).and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if length > UNLEASED_BYTES {
        // To be told now is better than after the half of it.
        app.to_caller(request).expect_room(length.min(limit))?;
    }
    let timeout = app.body_timeout();
    let body = tokio::time::timeout(timeout, collect(request, payload, limit)).await;
    let body = body.unwrap_or_else(|_| Err(Error::body_too_slow(timeout)))?;
    expect_right(request)?;
    Ok(body)
}

/// Refuses whoever may no longer do what they were let in for: asked again after what may have waited long.
pub(crate) fn expect_right(request: &HttpRequest) -> Result<(), Error> {
    access::ended(request).map_or(Ok(()), |refusal| Err(Error::refused(refusal)))
}

/// How long the body says it is; `None` when it comes in chunks.
fn announced(request: &HttpRequest) -> Option<u64> {
    let headers = request.headers();
    if headers.contains_key(TRANSFER_ENCODING) {
        return None;
    }
    // Without a length there is no body; one that is no number never gets as far as here.
    Some(headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok()).unwrap_or(0))
}

fn check_type(request: &HttpRequest) -> Result<(), Error> {
    let found = request.headers().get(CONTENT_TYPE);
    if found.is_some_and(|found| found == "application/json") {
        return Ok(());
    }
    let found = found.map_or("", |value| value.to_str().unwrap_or("?"));
    let mut parts = found.split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(Error::unsupported(found));
    }
    let named = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    };
    let is_known = |charset: &String| {
        ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
    };
    match parts.find_map(named).filter(|charset| !is_known(charset)) {
        Some(charset) => Err(Error::unsupported_charset(&charset)),
        None => Ok(()),
    }
}

/// A body that is compressed is no body for us.
fn check_encoding(request: &HttpRequest) -> Result<(), Error> {
    let mut found = request.headers().get_all(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?").trim());
    match found.find(|found| !found.is_empty() && !found.eq_ignore_ascii_case("identity")) {
        Some(found) => Err(Error::unsupported_encoding(found)),
        None => Ok(()),
    }
}

async fn collect(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<(Bytes, Lease), Error> {
    let mut next = async |left: usize| match poll_fn(|context| Pin::new(&mut payload).poll_next(context)).await {
        None => Ok(None),
        Some(Ok(chunk)) if chunk.len() <= left => Ok(Some(chunk)),
        Some(Ok(_)) => Err(Error::body_too_large(limit)),
        Some(Err(error)) => Err(broken(&error)),
    };
    let Some(first) = next(limit).await? else { return Ok((Bytes::new(), Lease::default())) };
    let Some(second) = next(limit - first.len()).await? else { return Ok((first, Lease::default())) };
    let mut body =
        Collected { app: AppState::of(request).to_caller(request), bytes: Vec::new(), lease: Lease::default() };
    body.add(&first)?;
    body.add(&second)?;
    while let Some(chunk) = next(limit - body.bytes.len()).await? {
        body.add(&chunk)?;
    }
    Ok((body.bytes.into(), body.lease))
}

/// What has arrived of a body, and the room for it.
struct Collected {
    app: AppState,
    bytes: Vec<u8>,
    lease: Lease,
}

impl Collected {
    /// Room grows by doubling, so that it is never much more than what has arrived.
    fn add(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let needed = self.bytes.len() + chunk.len();
        if needed > self.bytes.capacity() {
            let room = needed.max(2 * self.bytes.capacity());
            if room > UNLEASED_BYTES {
                self.app.extend(&mut self.lease, room)?;
            }
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

fn broken(error: &PayloadError) -> Error {
    match error {
        // The server's own words for this name neither.
        PayloadError::Incomplete(_) | PayloadError::EncodingCorrupted => Error::bad_request(
            "The body ended before it was whole, or its chunks are malformed. Send all of it: as many bytes as \
             Content-Length says, or each chunk behind its length, and an empty one at the end.",
        ),
        other => Error::bad_request(&format!("The body could not be read: {other}.")),
    }
}

//! Answers that went well.

use std::convert::Infallible;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::Stream;

use super::error::Error;

/// What a handler answers.
pub(crate) type Answer = Result<HttpResponse, Error>;

/// Marks an answer that was given before: the request carried a key that had its effect already.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// JSON with `status`.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    HttpResponseBuilder::new(status).insert_header((header::CONTENT_TYPE, JSON)).body(body.into())
}

/// JSON with `status`, in `parts`.
pub(crate) fn in_parts(
    status: StatusCode,
    parts: impl Stream<Item = Result<Bytes, Infallible>> + 'static,
) -> HttpResponse {
    HttpResponseBuilder::new(status).insert_header((header::CONTENT_TYPE, JSON)).streaming(parts)
}

/// 200.
pub(crate) fn ok(body: Vec<u8>) -> HttpResponse {
    json(StatusCode::OK, body)
}

/// `status` to a request that may have been answered before.
pub(crate) fn replayable(status: StatusCode, body: Vec<u8>, replayed: bool) -> HttpResponse {
    marked(json(status, body), replayed)
}

/// The same of an answer that is made already.
pub(crate) fn marked(mut answer: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    answer
}

/// 204.
pub(crate) fn gone() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

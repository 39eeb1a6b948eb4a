//! JSON as an answer.

use std::convert::Infallible;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::Stream;

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

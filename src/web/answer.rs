//! Answers that went well.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::error::Error;
pub(crate) use super::json::{in_parts, json};

/// What a handler answers.
pub(crate) type Answer = Result<HttpResponse, Error>;

/// Marks an answer that was given before: the request carried a key that had its effect already.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

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

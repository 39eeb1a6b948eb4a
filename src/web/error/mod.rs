//! What goes wrong, as an answer: the one place that turns failures into a status and the JSON that DRF would give.

mod engine;
mod place;

use std::fmt::{self, Display};
use std::time::Duration;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use bytes::Bytes;
use serde::Serialize;

pub(crate) use engine::{KEY_REUSED, KEYS_FULL, access, category, order, product, sentence};
pub(crate) use place::{Shape, bulk, bulk_row, single, single_row};

use super::json::json;
use crate::access::Refusal;
use crate::telemetry::counters;
use crate::view::ArchiveError;
use crate::wire::fields::{DocumentError, Problem, not_an_object, said_twice};

/// The row of a bulk that is at fault, counted from 0.
const ROW: HeaderName = HeaderName::from_static("packhorse-row");

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) struct Error {
    status: StatusCode,
    body: Bytes,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    log: Option<Log>,
    /// What is still on its way is not read.
    closes: bool,
}

/// What shows people an error as a page, where an application has pages. A program gets JSON.
#[derive(Clone, Copy)]
pub(crate) struct ErrorPage(pub(crate) fn(&HttpRequest, Error) -> HttpResponse);

/// What the log says of an answer that is the server's doing. The client sees none of it.
#[derive(Debug)]
pub(crate) enum Log {
    /// Something broke: an operator has to look.
    Fault(String),
    /// The server takes nothing now.
    Refused(String),
}

/// `{"detail": ...}`, and the figures behind it.
#[derive(Default, Serialize)]
struct Body<'a> {
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_hand: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<u32>,
}

impl Error {
    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("texts, numbers and names of fields are JSON");
        Self { status, body: body.into(), header: None, log: None, closes: false }
    }

    fn detail(status: StatusCode, detail: &str) -> Self {
        Self::new(status, &Body { detail, ..Body::default() })
    }

    fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.header = Some(Box::new((name, value.into())));
        self
    }

    fn logged(mut self, log: Log) -> Self {
        self.log = Some(log);
        self
    }

    fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// What the client is told, as JSON.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// When to try again, where that is said.
    pub(crate) fn retry_after(&self) -> Option<&HeaderValue> {
        self.header.as_deref().filter(|(name, _)| *name == header::RETRY_AFTER).map(|(_, value)| value)
    }

    /// What the log has to say.
    pub(crate) fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    /// What refuses a caller who was let in and may no longer do it.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let answer = refusal.answer();
        let error = Self::detail(answer.status(), &refusal.to_string());
        match answer.headers().get(header::WWW_AUTHENTICATE) {
            Some(how) => error.with(header::WWW_AUTHENTICATE, how.clone()),
            None => error,
        }
    }

    /// 404, for a path.
    pub(crate) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 404, for an id of a `kind`.
    pub(crate) fn no_match(kind: &str) -> Self {
        Self::detail(StatusCode::NOT_FOUND, &format!("No {kind} matches the given query."))
    }

    /// 405; `allow` is what the path answers to.
    pub(crate) fn not_allowed(method: &str, allow: HeaderValue) -> Self {
        let detail = format!("Method \"{method}\" not allowed.");
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, &detail).with(header::ALLOW, allow)
    }

    /// 400 about the request as a whole.
    pub(crate) fn bad_request(detail: &str) -> Self {
        Self::detail(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 about one field or parameter.
    pub(crate) fn field(name: &'static str, text: String) -> Self {
        Self::problem(&Problem::field(name, text))
    }

    /// 400 about a cursor.
    pub(crate) fn bad_cursor() -> Self {
        let text = "This is no cursor of this list with these filters and in this order. Take the Link of the page before \
                    as it is, or start again without cursor.";
        Self::field("cursor", text.into())
    }

    fn problem(problem: &Problem) -> Self {
        Self::new(StatusCode::BAD_REQUEST, problem)
    }

    /// 415; `found` is the type that was sent.
    pub(crate) fn unsupported(found: &str) -> Self {
        let detail = format!("Unsupported media type \"{found}\" in request.");
        Self::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail)
    }

    /// 415 for a body in an encoding; `found` is the one that was named.
    pub(crate) fn unsupported_encoding(found: &str) -> Self {
        let detail = format!("Content-Encoding \"{found}\" is not taken; send the body as it is.");
        let identity = HeaderValue::from_static("identity");
        Self::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail).with(header::ACCEPT_ENCODING, identity)
    }

    /// 415 for text in another character set; `found` is the one that was named.
    pub(crate) fn unsupported_charset(found: &str) -> Self {
        let detail = format!("Unsupported charset \"{found}\" in request; send UTF-8.");
        Self::detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail)
    }

    /// 414.
    pub(crate) fn target_too_long(limit: usize) -> Self {
        let detail = format!("The path with its query is too long: at most {limit} bytes are taken.");
        Self::detail(StatusCode::URI_TOO_LONG, &detail)
    }

    /// 413.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is too large: at most {limit} bytes are taken.");
        Self::detail(StatusCode::PAYLOAD_TOO_LARGE, &detail).closing()
    }

    /// 408.
    pub(crate) fn body_too_slow(timeout: Duration) -> Self {
        let detail = format!("The body did not arrive within {} ms.", timeout.as_millis());
        Self::detail(StatusCode::REQUEST_TIMEOUT, &detail).closing()
    }

    /// 503 while the engine reads its data back.
    pub(crate) fn starting() -> Self {
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, "The engine is starting.").with(header::RETRY_AFTER, 1)
    }

    /// 503 to what waited for its turn when the server was stopped. Nothing was done.
    pub(crate) fn stopping() -> Self {
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, "The server is being stopped; try again when it runs.")
            .with(header::RETRY_AFTER, 1)
    }

    /// 503 while as much of the caller waits as may.
    pub(crate) fn queued() -> Self {
        counters::REQUESTS_REFUSED_BUSY.increment();
        let detail = "Too many of your searches and large requests wait already; try again later.";
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, detail).with(header::RETRY_AFTER, 5)
    }

    /// 503 while large bodies fill what all of them together may.
    pub(crate) fn crowded() -> Self {
        counters::REQUESTS_REFUSED_BUSY.increment();
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, "Too many large bodies are being read already; try again later.")
            .with(header::RETRY_AFTER, 1)
            .closing()
    }

    /// 500: `cause` goes into the log.
    pub(crate) fn fault(cause: impl Display) -> Self {
        let detail = "The server failed to answer; the log says why.";
        Self::detail(StatusCode::INTERNAL_SERVER_ERROR, detail).logged(Log::Fault(cause.to_string()))
    }
}

impl From<ArchiveError> for Error {
    fn from(error: ArchiveError) -> Self {
        let detail = "What was asked for is archived and cannot be read now; try again later.";
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with(header::RETRY_AFTER, 1)
            .logged(Log::Fault(error.to_string()))
    }
}

impl From<DocumentError> for Error {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Syntax(text) => Self::bad_request(&format!("JSON parse error - {text}")),
            DocumentError::Kind(kind) => Self::problem(&not_an_object(kind)),
            DocumentError::Twice(name) => Self::problem(&said_twice(name)),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let error = Self::problem(&problem);
        match problem.only_row() {
            Some(row) => error.with(ROW, row),
            None => error,
        }
    }
}

impl Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(cause) | Self::Refused(cause) => f.write_str(cause),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = json(self.status, self.body.clone());
        if let Some((name, value)) = self.header.as_deref() {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
        if self.closes {
            answer.head_mut().set_connection_type(ConnectionType::Close);
        }
        answer
    }
}

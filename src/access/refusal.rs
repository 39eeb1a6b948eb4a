//! Why a request is not let through, as an answer.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::domain::access::Role;

/// Why a request is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody in particular calls, or by a key or session that does not hold.
    #[error("Authentication credentials were not provided, or no longer hold.")]
    Unknown,
    /// The role does not do.
    #[error("This needs the role {0}.")]
    Role(Role),
    /// The key is for something else.
    #[error("The scope of this key does not hold here.")]
    Scope,
    /// A form or call that no page of this session made.
    #[error(
        "The form has expired or came from elsewhere; load the page again. A script sends the header X-Csrf-Token."
    )]
    Forged,
    /// A browser was led here by the page of another site.
    #[error("A page of another site may not do this.")]
    CrossSite,
    /// Access is open, and the name that was called could be anybody's.
    #[error("While access is open, call by IP address or as localhost; or add a user or a key first.")]
    Host,
    /// Too many requests.
    #[error("Request was throttled. Expected available in {} seconds.", seconds(*.0))]
    TooMany(Duration),
    /// The form is larger than a form may be, in bytes.
    #[error("The form is larger than {0} bytes.")]
    TooLarge(usize),
    /// Other forms take the room for this one.
    #[error("Too many large forms are on their way; try again in a second.")]
    NoRoom,
    /// The form did not arrive in this time.
    #[error("The form did not arrive within {} seconds.", seconds(*.0))]
    TooSlow(Duration),
    /// Users and keys are not read back yet.
    #[error("The engine is starting.")]
    Starting,
}

/// The form that came with a request, for a page that gives it back when it is refused.
pub struct SentForm(pub bytes::Bytes);

/// What shows people a refusal as a page, where an application has pages. A program gets JSON.
#[derive(Clone, Copy)]
pub struct RefusalPage(pub fn(&HttpRequest, Refusal) -> HttpResponse);

fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(1000).max(1)).unwrap_or(u64::MAX)
}

impl Refusal {
    /// The answer to `request`: a page to one for a page, which `is_page` says, JSON elsewhere.
    pub(super) fn answer_to(self, request: &HttpRequest, is_page: bool) -> HttpResponse {
        match request.app_data::<RefusalPage>() {
            Some(page) if is_page => page.0(request, self),
            Some(_) | None => self.answer(),
        }
    }

    /// The answer to a program.
    #[must_use]
    pub fn answer(self) -> HttpResponse {
        let status = match self {
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Role(_) | Self::Scope | Self::Forged | Self::CrossSite | Self::Host => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom | Self::Starting => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut answer = HttpResponseBuilder::new(status);
        answer.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
        match self {
            Self::Unknown => drop(answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"))),
            Self::TooMany(wait) => drop(answer.insert_header((header::RETRY_AFTER, seconds(wait)))),
            Self::NoRoom | Self::Starting => drop(answer.insert_header((header::RETRY_AFTER, 1))),
            Self::Role(_)
            | Self::Scope
            | Self::Forged
            | Self::CrossSite
            | Self::Host
            | Self::TooLarge(_)
            | Self::TooSlow(_) => {}
        }
        // No text of a refusal has a character that JSON would escape.
        answer.body(format!("{{\"detail\":\"{self}\"}}"))
    }
}

//! The key that a request carries.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request carries to say who calls.
pub(super) enum Credential<'a> {
    /// Nothing.
    None,
    /// What should be the secret of a key.
    Key(&'a str),
    /// Something that cannot be one, or two of them.
    Malformed,
}

impl<'a> Credential<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut bearers = headers.get_all(AUTHORIZATION);
        let mut keys = headers.get_all(API_KEY);
        let secret = match (bearers.next(), keys.next()) {
            (None, None) => return Self::None,
            (Some(line), None) => line.to_str().ok().and_then(bearer),
            (None, Some(key)) => key.to_str().ok(),
            (Some(_), Some(_)) => None,
        };
        let is_only = bearers.next().is_none() && keys.next().is_none();
        secret.filter(|_| is_only).map_or(Self::Malformed, Self::Key)
    }
}

/// The part behind `Bearer`, in whatever case that word is.
fn bearer(line: &str) -> Option<&str> {
    let (scheme, secret) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

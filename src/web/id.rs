//! The id in a path.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::error::Error;
use crate::access::SessionId;
use crate::domain::access::KeyId;
use crate::domain::ids::{CategoryId, OrderId, ProductId};

/// The number in a path, of digits alone. One beyond 64 bits is the largest there is, and names nothing.
pub(crate) fn number(request: &HttpRequest) -> Option<u64> {
    let digits = request.match_info().get("id")?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Takes an id from the path, or answers 404.
pub(crate) struct Path<T>(pub(crate) T);

macro_rules! path {
    ($($id:ident),*) => {
        $(impl FromRequest for Path<$id> {
            type Error = Error;
            type Future = Ready<Result<Self, Error>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(number(request).map(|number| Self($id(number))).ok_or_else(Error::not_found))
            }
        })*
    };
}

path!(CategoryId, OrderId, ProductId, KeyId, SessionId);

//! The header `Idempotency-Key`.
//!
//! A key means one effect in the whole shop, whoever sends it, so that a request which a second client repeats for the
//! first one is not carried out twice. The answer is for the caller who had the effect: to anybody else the key is one
//! that was used for another request.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::canonical::canonical;
use super::error::Error;
use crate::actors::IdempotencyKey;
use crate::domain::entry::RequestHash;
use crate::domain::origin::Origin;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The most bytes a key may have.
const KEY_MAX: usize = 255;

/// The key of `request`, which `who` sent, where it carries one.
pub(crate) fn key(request: &HttpRequest, who: &Origin, body: &[u8]) -> Result<Option<IdempotencyKey>, Error> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::bad_request("Idempotency-Key: give one key, not several."));
    }
    let key = parse(value).ok_or_else(|| {
        Error::bad_request("Idempotency-Key: a key has 1 to 255 visible ASCII characters, bare or in double quotes.")
    })?;
    Ok(Some(IdempotencyKey { key: key.into(), request: hash(request, who, body) }))
}

fn parse(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?.trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    ((1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
        .then_some(key)
}

/// What tells two requests with one key apart: caller, method, path with its slash at the end, and what the body says.
pub(crate) fn hash(request: &HttpRequest, who: &Origin, body: &[u8]) -> RequestHash {
    let canonical = canonical(body);
    let body = canonical.as_deref().unwrap_or(body);
    let mut hasher = blake3::Hasher::new();
    // Somebody without a name adds nothing, as before there were names: hashes in journals stay what they are.
    if who.name().is_some() {
        hasher.update(who.to_string().as_bytes()).update(&[0]);
    }
    for part in [request.method().as_str().as_bytes(), request.path().as_bytes(), body] {
        // No part contains the zero except the last one.
        hasher.update(part).update(&[0]);
    }
    let mut hash = RequestHash::default();
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_key_bare_or_in_quotes() {
        let check = |text: &str, key: Option<&str>| assert_eq!(parse(&HeaderValue::from_str(text).unwrap()), key);
        check("k1", Some("k1"));
        check("\"k1\"", Some("k1"));
        check(&"k".repeat(255), Some(&"k".repeat(255)));
        check("", None);
        check("\"\"", None);
        check("\"", None);
        check("\"k", None);
        check("a b", None);
        check(&"k".repeat(256), None);
    }
}

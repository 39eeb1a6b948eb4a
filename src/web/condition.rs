//! Conditional requests: `ETag`, `If-None-Match`, `If-Match`.
//!
//! The tag of an order is its version, that of a product its revision and both figures of its stock: it changes with
//! everything that the answer shows. Whether `If-Match` holds is judged where the command is decided.

use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};

use super::error::Error;
use crate::domain::expected::{Expected, Seen};
use crate::domain::order::Order;
use crate::domain::stock::Balance;
use crate::view::Product;

/// Stands behind the version of an order whose answer says that it is delayed, which no command sees.
const DELAYED: &str = "-delayed";

/// What is taken for a header with signs beyond ASCII: no answer carries such a tag.
const UNREADABLE: &str = "\"?\"";

/// The tag of an order that was just placed.
const PLACED: HeaderValue = HeaderValue::from_static("\"1\"");

/// The tag of `order` as an answer shows it.
pub(crate) fn of_order(order: &Order, is_delayed: bool) -> HeaderValue {
    if order.version == 1 && !is_delayed {
        return PLACED;
    }
    tag(format_args!("{}{}", order.version, if is_delayed { DELAYED } else { "" }))
}

/// The tag of `product` as an answer shows it.
pub(crate) fn of_product(product: &Product) -> HeaderValue {
    of_revision(product.revision.number, product.balance)
}

/// The tag of a product at `revision` with `balance`.
pub(crate) fn of_revision(revision: u32, balance: Balance) -> HeaderValue {
    tag(format_args!("{revision}.{}.{}", balance.on_hand, balance.reserved))
}

/// The tag of an order at `version`.
pub(crate) fn of_version(version: u32) -> HeaderValue {
    tag(format_args!("{version}"))
}

fn tag(inside: std::fmt::Arguments<'_>) -> HeaderValue {
    HeaderValue::try_from(format!("\"{inside}\"")).expect("digits and quotes are a header value")
}

/// `answer` with its tag.
pub(crate) fn tagged(mut answer: HttpResponse, tag: HeaderValue) -> HttpResponse {
    answer.headers_mut().insert(ETAG, tag);
    answer
}

/// 200 with what `render` makes of what `tag` belongs to; 304 where the caller has that already.
pub(crate) fn unless_known(
    request: &HttpRequest,
    tag: HeaderValue,
    render: impl FnOnce() -> HttpResponse,
) -> HttpResponse {
    let is_known = tags(request.headers(), &IF_NONE_MATCH).any(|known| known == "*" || tag == known);
    let answer = if is_known { HttpResponse::NotModified().finish() } else { render() };
    tagged(answer, tag)
}

/// What the caller saw of what its command is about, by `If-Match`.
pub(crate) fn expected(request: &HttpRequest) -> Result<Expected, Error> {
    let headers = request.headers();
    if !headers.contains_key(IF_MATCH) {
        return Ok(Expected::ANYTHING);
    }
    let malformed =
        || Error::bad_request("If-Match: give the ETag of an answer as it stands there, in double quotes, or *.");
    let (mut seen, mut is_empty) = (Vec::new(), true);
    for tag in tags(headers, &IF_MATCH) {
        is_empty = false;
        if tag == "*" {
            return Ok(Expected::ANYTHING);
        }
        let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(malformed)?;
        if inside.contains('"') {
            return Err(malformed());
        }
        // A tag that no answer carries fits nothing.
        seen.extend(state(inside));
    }
    // Nothing in it fits nothing either, but nobody changed anything meanwhile.
    if is_empty { Err(malformed()) } else { Ok(Expected::one_of(seen)) }
}

/// The tags in all headers `name`. A proxy that compresses answers makes tags weak: the version stays what it is.
fn tags<'a>(headers: &'a HeaderMap, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).map(|value| value.to_str().unwrap_or(UNREADABLE));
    let tags = values.flat_map(split).map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
}

/// The parts of `list` between commas. A comma inside quotes is part of a tag.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    list.split(move |sign: char| {
        is_quoted ^= sign == '"';
        sign == ',' && !is_quoted
    })
}

/// The state that the inside of a tag stands for.
fn state(tag: &str) -> Option<Seen> {
    let Some((revision, balance)) = tag.split_once('.') else {
        return tag.strip_suffix(DELAYED).unwrap_or(tag).parse().ok().map(Seen::Order);
    };
    let (on_hand, reserved) = balance.split_once('.')?;
    let balance = Balance { on_hand: on_hand.parse().ok()?, reserved: reserved.parse().ok()? };
    Some(Seen::Product(revision.parse().ok()?, balance))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(text: &str) -> Option<Expected> {
        expected(&TestRequest::default().insert_header((IF_MATCH, text)).to_http_request()).ok()
    }

    #[test]
    fn the_tags_that_answers_carry_are_understood_whole_weakened_or_several() {
        let balance = Balance { on_hand: 150, reserved: 4 };
        let (order, product) = (Seen::Order(3), Seen::Product(4, balance));
        let check = |text: &str, seen: &[Seen]| {
            assert_eq!(read(text), Some(Expected::one_of(seen.iter().copied())), "{text}");
        };
        check("\"3\"", &[order]);
        check("\"3-delayed\"", &[order]);
        check("W/\"3\", \"4.150.4\"", &[order, product]);
        check("\"somebody else's\"", &[]);
        check("\"4.150\"", &[]);
        assert_eq!(read("\"1\", *"), Some(Expected::ANYTHING));
        check("\"2,3\"", &[]);
        check("\"2, 3\",\"3\"", &[order]);
        for malformed in ["3", "\"3", "\"1, \"2\"", "\"1\"\"2\"", "", " ", ",", " , ,", "W/"] {
            assert_eq!(read(malformed), None, "{malformed}");
        }
        assert_eq!(PLACED, of_version(1));
        assert_eq!(state(of_revision(4, balance).to_str().unwrap().trim_matches('"')), Some(product));
        assert_eq!(expected(&TestRequest::default().to_http_request()).ok(), Some(Expected::ANYTHING));
    }
}

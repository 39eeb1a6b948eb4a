//! The cookies that a browser is known by: one while somebody is signed in, and one for the forms of who is not.
//!
//! They have names of their own, because a browser keeps its cookies to itself when a page of another site leads here:
//! it looks as if nobody had signed in, and what is set then must not take the place of the cookie of who did.
//!
//! A browser sends the cookies of a host to all its ports. So that two servers of one host leave each other's people
//! signed in, the name of a cookie has the port that the browser called, where it names one.

use std::borrow::Cow;

use actix_web::http::header::{COOKIE, HOST, HeaderMap, HeaderValue};

use super::sessions::Token;

/// The name of the cookie of who is signed in, at the port that a browser does not name. It is taken at every port.
pub const NAME: &str = "packhorse_session";
/// The same for the forms of who is not.
const FORMS: &str = "packhorse_forms";

/// The name of the cookie `base` for whoever sends `headers`.
fn name(base: &'static str, headers: &HeaderMap) -> Cow<'static, str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(port) => format!("{base}_{port}").into(),
        None => base.into(),
    }
}

/// The values of the cookies `name`.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

/// The token of who signed in, in the cookies of a request. Two cookies of the name are none: one of them was put there
/// by somebody else.
pub(super) fn token(headers: &HeaderMap) -> Option<Token> {
    token_in(NAME, headers)
}

/// The token for the forms of who is not signed in. That of a session that has ended does as well: its pages are still
/// open.
pub(super) fn forms_token(headers: &HeaderMap) -> Option<Token> {
    token_in(FORMS, headers).or_else(|| token(headers))
}

fn token_in(base: &'static str, headers: &HeaderMap) -> Option<Token> {
    if !headers.contains_key(COOKIE) {
        return None;
    }
    let own = name(base, headers);
    let name = if values(headers, &own).next().is_some() { &*own } else { base };
    let mut values = values(headers, name);
    let value = values.next()?;
    values.next().is_none().then(|| Token::parse(value)).flatten()
}

/// Whether a browser sends more than one cookie of the name, which it does for as long as it has them: no page gets on.
#[must_use]
pub fn is_doubled(headers: &HeaderMap) -> bool {
    [NAME, FORMS].into_iter().any(|base| values(headers, &name(base, headers)).nth(1).is_some())
}

/// What tells the browser that sent `headers` to keep `token` until it is closed.
pub(super) fn set(token: &Token, headers: &HeaderMap, is_secure: bool) -> HeaderValue {
    line(&name(NAME, headers), &token.secret_text(), "", is_secure)
}

/// The same for the forms of who is not signed in.
pub(super) fn set_forms(token: &Token, headers: &HeaderMap, is_secure: bool) -> HeaderValue {
    line(&name(FORMS, headers), &token.secret_text(), "", is_secure)
}

/// What tells it to forget its token.
pub(super) fn clear(headers: &HeaderMap, is_secure: bool) -> HeaderValue {
    line(&name(NAME, headers), "", "; Max-Age=0", is_secure)
}

fn line(name: &str, value: &str, more: &str, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    let mut line = HeaderValue::try_from(line).expect("hexadecimal digits and words are a header value");
    line.set_sensitive(true);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_of_the_name_is_a_token() {
        let text = "a".repeat(64);
        let check = |lines: &[&str], found: bool| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(token(&headers).map(|token| token.secret_text() == text), found.then_some(true), "{lines:?}");
        };
        let good = format!("packhorse_session={text}");
        check(&[&good], true);
        check(&[&format!("a=b;{good}; c=d")], true);
        check(&[&good, &good], false);
        check(&[&format!("{good}; {good}")], false);
        check(&[&format!("x{good}")], false);
        check(&["packhorse_session=short"], false);
        check(&[], false);
    }

    #[test]
    fn each_port_of_a_host_has_a_cookie_of_its_own() {
        let (one, other, text) = ("a".repeat(64), "b".repeat(64), |token: Token| token.secret_text());
        let sent = |host: &str, cookies: &str| {
            HeaderMap::from_iter([
                (HOST, HeaderValue::from_str(host).unwrap()),
                (COOKIE, HeaderValue::from_str(cookies).unwrap()),
            ])
        };
        let both = format!("packhorse_session_8080={one}; packhorse_session_8081={other}");
        assert_eq!(token(&sent("shop:8080", &both)).map(text), Some(one.clone()));
        assert_eq!(token(&sent("[::1]:8081", &both)).map(text), Some(other.clone()));
        assert!(token(&sent("shop", &both)).is_none() && token(&sent("[::1]", &both)).is_none());
        let plain = format!("packhorse_session={one}");
        assert_eq!(token(&sent("shop:8080", &plain)).map(text), Some(one.clone()), "a program says what it was told");
        let doubled = sent("shop:8080", &format!("packhorse_session_8080={one}; packhorse_session_8080={other}"));
        assert!(is_doubled(&doubled) && token(&doubled).is_none() && !is_doubled(&sent("shop:8080", &both)));
        let set = set(&Token::new(), &doubled, false);
        assert!(set.to_str().unwrap().starts_with("packhorse_session_8080="));
        let set = set_forms(&Token::new(), &doubled, false);
        assert!(set.to_str().unwrap().starts_with("packhorse_forms_8080="));
        let forms = sent("shop:8080", &format!("{both}; packhorse_forms_8080={other}"));
        assert_eq!((token(&forms).map(text), forms_token(&forms).map(text)), (Some(one), Some(other)));
    }

    #[test]
    fn a_cookie_is_hidden_from_scripts_and_other_sites() {
        let set = set(&Token::new(), &HeaderMap::new(), true);
        let text = set.to_str().unwrap();
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{text}");
        assert!(clear(&HeaderMap::new(), false).to_str().unwrap().ends_with("SameSite=Strict; Max-Age=0"));
        assert_eq!(format!("{set:?}"), "Sensitive");
    }
}

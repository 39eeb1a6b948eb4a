//! The cookie that a session is kept by.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

use super::sessions::Token;

/// The name of the cookie.
pub const NAME: &str = "packhorse_session";

/// The token in the cookies of a request. Two cookies of the name are none: one of them was put there by somebody else.
pub(super) fn token(headers: &HeaderMap) -> Option<Token> {
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then(|| Token::parse(value)).flatten()
}

/// What tells a browser to keep `token` until it is closed.
pub(super) fn set(token: &Token, is_secure: bool) -> HeaderValue {
    line(&token.secret_text(), "", is_secure)
}

/// What tells a browser to forget its token.
pub(super) fn clear(is_secure: bool) -> HeaderValue {
    line("", "; Max-Age=0", is_secure)
}

fn line(value: &str, more: &str, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let line = format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
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
    fn a_cookie_is_hidden_from_scripts_and_other_sites() {
        let set = set(&Token::new(), true);
        let text = set.to_str().unwrap();
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{text}");
        assert!(clear(false).to_str().unwrap().ends_with("SameSite=Strict; Max-Age=0"));
        assert_eq!(format!("{set:?}"), "Sensitive");
    }
}

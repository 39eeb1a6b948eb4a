//! E-mail addresses by the rules of Django 5.2's `EmailValidator`, which decided what is stored today.
//!
//! A matcher by hand in place of its three regular expressions: one pass over the bytes, nothing allocated, and exact
//! where an engine with other case rules is not (see `folds_to_ascii_letter`). Names in other scripts are judged as
//! they stand; nothing is converted to punycode, because 5.2 does not do so either.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest address, in characters.
const LENGTH_MAX: usize = 320;
/// The longest label of a domain name, in characters.
const LABEL_MAX: usize = 63;
/// The longest text that is tried as an IPv6 address, in bytes.
const IPV6_LENGTH_MAX: usize = 39;
/// What may stand where a domain is needed although it has no dot.
const ALLOWED_DOMAIN: &str = "localhost";

/// Whether `address` is an e-mail address.
#[must_use]
pub fn is_valid(address: &str) -> bool {
    let Some((user, domain)) = address.rsplit_once('@') else { return false };
    let fits = address.len() <= LENGTH_MAX || address.chars().count() <= LENGTH_MAX;
    fits && (is_dot_atom(user) || is_quoted(user)) && (domain == ALLOWED_DOMAIN || is_domain(domain) || is_ip(domain))
}

fn is_dot_atom(user: &str) -> bool {
    user.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c) || folds_to_ascii_letter(c)
}

fn is_quoted(user: &str) -> bool {
    let Some(inside) = user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        let stands = match c {
            '\\' => chars.next().is_some_and(|escaped| escaped == '\t' || is_quotable(escaped)),
            '"' | ' ' => false,
            _ => is_quotable(c),
        };
        if !stands {
            return false;
        }
    }
    true
}

/// What may stand behind a backslash, but for the tab.
fn is_quotable(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}') || folds_to_ascii_letter(c)
}

fn is_domain(domain: &str) -> bool {
    let Some((hosts, top)) = domain.rsplit_once('.') else { return false };
    hosts.split('.').all(|label| is_label(label, is_label_char)) && is_top_level(top)
}

fn is_top_level(label: &str) -> bool {
    let is_name = |c: char| is_label_char(c) && !c.is_ascii_digit();
    let is_long_enough = label.chars().nth(1).is_some();
    (is_long_enough && is_label(label, is_name)) || is_punycode(label)
}

fn is_label(label: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    let mut length = 0;
    for c in label.chars() {
        length += 1;
        if length > LABEL_MAX || !is_allowed(c) {
            return false;
        }
    }
    length > 0 && !label.starts_with('-') && !label.ends_with('-')
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || matches!(c, '\u{a1}'..='\u{ffff}')
}

fn is_punycode(label: &str) -> bool {
    let Some((prefix, code)) = label.split_at_checked(4) else { return false };
    prefix.eq_ignore_ascii_case("xn--")
        && (1..=LABEL_MAX - prefix.len()).contains(&code.chars().count())
        && code.chars().all(|c| c.is_ascii_alphanumeric() || folds_to_ascii_letter(c))
}

fn is_ip(domain: &str) -> bool {
    let Some(address) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    address.parse::<Ipv4Addr>().is_ok() || (address.len() <= IPV6_LENGTH_MAX && address.parse::<Ipv6Addr>().is_ok())
}

/// The four letters beyond ASCII that Python's `IGNORECASE` takes for one of `a` to `z`.
fn folds_to_ascii_letter(c: char) -> bool {
    matches!(c, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verdicts that Django 5.2 gave when it was run.
    fn check(table: &str) {
        let rows: Vec<serde_json::Value> = serde_json::from_str(table).unwrap();
        assert!(rows.len() > 20);
        for row in rows {
            let address = row["address"].as_str().unwrap();
            assert_eq!(is_valid(address), row["valid"].as_bool().unwrap(), "{address:?}");
        }
    }

    #[test]
    fn agrees_with_the_verdicts_of_the_contract() {
        check(include_str!("../../tests/contract/emails.json"));
    }

    #[test]
    fn agrees_with_django_at_the_edges_of_every_rule() {
        check(include_str!("../../tests/contract/emails_more.json"));
    }
}

//! A term of a search. A search looks at every order, so that this is worth being quick.

use std::iter::once;

use caseless::Caseless;
use memchr::{memchr2_iter, memmem};
use smallvec::SmallVec;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::domain::order::{Order, PerStatus, Status};

/// A text to look for in any case, and however its letters are composed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    folded: Box<str>,
    /// Its digits, where it is a telephone number or a part of one.
    digits: Option<Box<[u8]>>,
    /// Whether the word of a status contains it.
    statuses: PerStatus<bool>,
}

impl Term {
    /// The term `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let folded = fold(text).into_boxed_str();
        let statuses = PerStatus::from_fn(|status: Status| status.as_str().contains(&*folded));
        let digits = text.bytes().filter(u8::is_ascii_digit).collect::<Box<[u8]>>();
        let is_number = !digits.is_empty() && text.chars().all(is_of_a_number);
        Self { folded, digits: is_number.then_some(digits), statuses }
    }

    /// The term, folded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// Whether it may be a telephone number or a part of one: digits, and what people write between them.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.digits.is_some()
    }

    /// Whether it stands in the order's status, customer name or e-mail.
    #[must_use]
    pub fn is_in(&self, order: &Order) -> bool {
        self.statuses[order.status]
            || self.is_in_text(order.contact.customer_name())
            || self.is_in_text(order.contact.customer_email())
    }

    /// Whether it stands in the customer's name, e-mail or telephone number.
    #[must_use]
    pub fn is_in_contact(&self, order: &Order) -> bool {
        let contact = &order.contact;
        [contact.customer_name(), contact.customer_email()].into_iter().any(|text| self.is_in_text(text))
            || self.is_in_number(contact.customer_phone())
    }

    /// Whether it stands in the telephone number `number`, of which only the digits count where the term has no others.
    fn is_in_number(&self, number: &str) -> bool {
        let Some(digits) = &self.digits else { return self.is_in_text(number) };
        let number: SmallVec<[u8; 32]> = number.bytes().filter(u8::is_ascii_digit).collect();
        memmem::find(&number, digits).is_some()
    }

    /// Whether it stands in `text`.
    pub(super) fn is_in_text(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return fold(text).contains(&*self.folded);
        }
        let (text, term) = (text.as_bytes(), self.folded.as_bytes());
        let Some(first) = term.first().copied() else { return true };
        let Some(starts) = (text.len() + 1).checked_sub(term.len()) else { return false };
        memchr2_iter(first, first.to_ascii_uppercase(), &text[..starts])
            .any(|start| text[start..start + term.len()].eq_ignore_ascii_case(term))
    }
}

fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "+-/.()".contains(c)
}

/// `text` with its letters composed (NFKC) and without their case, so that two texts that people take for the same are.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        fold_case(text.chars(), &mut folded);
    } else {
        fold_case(text.nfkc(), &mut folded);
    }
    // Without its case, a letter may be composed otherwise.
    if is_nfkc_quick(folded.chars()) == IsNormalized::Yes { folded } else { folded.nfkc().collect() }
}

fn fold_case(text: impl Iterator<Item = char>, folded: &mut String) {
    for c in text {
        match c {
            _ if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            // A dotted capital I is an i, also where it is not Turkish.
            '\u{130}' => folded.push('i'),
            // From Hebrew to Burmese no script has capitals.
            '\u{590}'..='\u{109f}' => folded.push(c),
            _ => folded.extend(once(c).default_case_fold()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_in_any_case_and_script() {
        let check =
            |term: &str, text: &str, found| assert_eq!(Term::new(term).is_in_text(text), found, "{term} in {text}");
        check("BOB", "bobby@example.com", true);
        check("bob", "Jim Bob", true);
        check("b", "B", true);
        check("bob", "bo", false);
        check("bob", "", false);
        check("", "anything", true);
        check("obo", "bobo", true);
        check("ünal", "Aylin ÜNAL", true);
        check("ünal", "Aylin Unal", false);
        check("unal", "Aylin ÜNAL", false);
        check("ayl", "Aylin ÜNAL", true);
        check("xyz", "xyxyz", true);
    }

    #[test]
    fn finds_what_people_take_for_the_same() {
        let same = [
            ("Jos\u{e9}", "JOSE\u{301}"),
            ("ΣΥΜΒΑΣ", "συμβαση"),
            ("ΣΥΜΒΑΣ", "ΣΥΜΒΑΣΗ"),
            ("σοφος", "ΣΟΦΟΣ"),
            ("σοφοσ", "σοφος"),
            ("istanbul", "İSTANBUL"),
            ("İstanbul", "istanbul"),
            ("WEISS", "Weiß"),
            ("weiß", "WEISS"),
            ("straẞe", "Strasse 1"),
            ("abc", "ＡＢＣ"),
            ("ﬁsch", "Fisch"),
            ("ИВАН", "Иван Петров"),
            ("রহিম", "আব্দুর রহিম"),
        ];
        for (term, text) in same {
            assert!(Term::new(term).is_in_text(text), "{term} in {text}");
        }
        for (term, text) in [("jose", "Jos\u{e9}"), ("ı", "i")] {
            assert!(!Term::new(term).is_in_text(text), "{term} in {text}");
        }
    }

    #[test]
    fn a_telephone_number_is_found_by_its_digits() {
        let check = |term: &str, number: &str, found| {
            assert_eq!(Term::new(term).is_in_number(number), found, "{term} in {number}");
        };
        check("+491715550123", "+49 171-555 01 23", true);
        check("171-555", "+491715550123", true);
        check("(0171) 5", "0171/5550123", true);
        check("171556", "+49 171-555 01 23", false);
        check("ext. 7", "0171 ext. 7", true);
        check("+", "+49", true);
        assert!(Term::new("+880 17").is_number());
        assert!(!Term::new("Ann 7").is_number() && !Term::new("-").is_number());
    }

    #[test]
    fn finds_the_word_of_a_status() {
        assert_eq!(Term::new("DELIVER").statuses.into_array(), [false, false, false, true, false]);
        assert_eq!(Term::new("p").statuses.into_array(), [true, true, true, false, false]);
    }
}

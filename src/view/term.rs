//! A term of a search. A search looks at every order, so that this is worth being quick.

use memchr::memchr2_iter;

use crate::domain::order::{Order, Status};

/// A text to look for in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    lower: Box<str>,
    /// The statuses whose word contains it, by position in [`Status::ALL`].
    statuses: [bool; 5],
}

impl Term {
    /// The term `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let lower = text.to_lowercase().into_boxed_str();
        let statuses = Status::ALL.map(|status| status.as_str().contains(&*lower));
        Self { lower, statuses }
    }

    /// The term, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.lower
    }

    /// Whether it stands in the order's status, customer name or e-mail.
    #[must_use]
    pub fn is_in(&self, order: &Order) -> bool {
        self.statuses[order.status as usize - 1]
            || self.is_in_text(order.contact.customer_name())
            || self.is_in_text(order.contact.customer_email())
    }

    /// Whether it stands in the customer's name, e-mail or telephone number.
    #[must_use]
    pub fn is_in_contact(&self, order: &Order) -> bool {
        let contact = &order.contact;
        [contact.customer_name(), contact.customer_email(), contact.customer_phone()]
            .into_iter()
            .any(|text| self.is_in_text(text))
    }

    /// Whether it stands in `text`.
    pub(super) fn is_in_text(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return text.to_lowercase().contains(&*self.lower);
        }
        let (text, term) = (text.as_bytes(), self.lower.as_bytes());
        let Some(first) = term.first().copied() else { return true };
        let Some(starts) = (text.len() + 1).checked_sub(term.len()) else { return false };
        memchr2_iter(first, first.to_ascii_uppercase(), &text[..starts])
            .any(|start| text[start..start + term.len()].eq_ignore_ascii_case(term))
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
    fn finds_the_word_of_a_status() {
        assert_eq!(Term::new("DELIVER").statuses, [false, false, false, true, false]);
        assert_eq!(Term::new("p").statuses, [true, true, true, false, false]);
    }
}

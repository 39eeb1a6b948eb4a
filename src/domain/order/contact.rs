//! Whom an order goes to. Four texts in one allocation: a live order is counted in bytes.

use std::fmt;

use super::super::email;
use super::super::text::{FREE_TEXT_MAX, TextError};

/// The contact fields of an order, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    text: Box<str>,
    ends: [u32; 3],
}

/// One of the contact fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// At most 100 characters.
    CustomerName,
    /// An address by Django's rules, at most 254 characters.
    CustomerEmail,
    /// At most 20 characters.
    CustomerPhone,
    /// At most 10,000 characters. An order that was placed before there was this bound may have more.
    DeliveryAddress,
}

impl Field {
    /// Every field, in the order of the contract.
    pub const ALL: [Self; 4] = [Self::CustomerName, Self::CustomerEmail, Self::CustomerPhone, Self::DeliveryAddress];

    /// Its name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerName => "customer_name",
            Self::CustomerEmail => "customer_email",
            Self::CustomerPhone => "customer_phone",
            Self::DeliveryAddress => "delivery_address",
        }
    }

    /// The most characters it may have.
    #[must_use]
    pub fn length_max(self) -> usize {
        match self {
            Self::CustomerName => 100,
            Self::CustomerEmail => 254,
            Self::CustomerPhone => 20,
            Self::DeliveryAddress => FREE_TEXT_MAX,
        }
    }

    /// Whether `text`, trimmed, may stand in this field.
    pub fn check(self, text: &str) -> Result<(), ContactError> {
        let field = self;
        if text.is_empty() {
            return Err(ContactError::Text { field, error: TextError::Blank });
        }
        let max = self.length_max();
        if text.len() > max {
            let found = text.chars().count();
            if found > max {
                return Err(ContactError::Text { field, error: TextError::TooLong { max, found } });
            }
        }
        if self == Self::CustomerEmail && !email::is_valid(text) {
            return Err(ContactError::Email);
        }
        Ok(())
    }
}

/// Why a contact was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Blank or too long.
    #[error("{}: {error}", field.as_str())]
    Text {
        /// The field.
        field: Field,
        /// What is wrong with it.
        error: TextError,
    },
    /// Not an e-mail address.
    #[error("customer_email: not an e-mail address")]
    Email,
    /// All four texts together exceed what fits a stored order.
    #[error("the contact fields are longer than 4 GiB together")]
    TooLarge,
}

/// New values for some of the contact fields, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactPatch {
    fields: [Option<Box<str>>; 4],
}

impl ContactPatch {
    /// Asks for `field` to become `text`, trimmed.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), ContactError> {
        let text = text.trim();
        field.check(text)?;
        self.fields[field as usize] = Some(text.into());
        Ok(())
    }
}

impl Contact {
    /// Checks and keeps the four texts, each without the white space around it.
    pub fn new(name: &str, email: &str, phone: &str, address: &str) -> Result<Self, ContactError> {
        let fields = [name.trim(), email.trim(), phone.trim(), address.trim()];
        for (field, text) in Field::ALL.into_iter().zip(fields) {
            field.check(text)?;
        }
        Self::pack(fields).ok_or(ContactError::TooLarge)
    }

    /// From texts that were checked when they were first taken: only for reading what was stored.
    #[must_use]
    pub fn restore(fields: [&str; 4]) -> Option<Self> {
        Self::pack(fields)
    }

    fn pack(fields: [&str; 4]) -> Option<Self> {
        let mut text = String::with_capacity(fields.iter().map(|field| field.len()).sum());
        let mut ends = [0; 3];
        for (i, field) in fields.into_iter().enumerate() {
            text.push_str(field);
            let end = u32::try_from(text.len()).ok()?;
            if let Some(slot) = ends.get_mut(i) {
                *slot = end;
            }
        }
        Some(Self { text: text.into_boxed_str(), ends })
    }

    /// The text of `field`.
    #[must_use]
    pub fn get(&self, field: Field) -> &str {
        let [a, b, c] = self.ends.map(|end| end as usize);
        match field {
            Field::CustomerName => &self.text[..a],
            Field::CustomerEmail => &self.text[a..b],
            Field::CustomerPhone => &self.text[b..c],
            Field::DeliveryAddress => &self.text[c..],
        }
    }

    /// The customer's name.
    #[must_use]
    pub fn customer_name(&self) -> &str {
        self.get(Field::CustomerName)
    }

    /// The customer's e-mail address.
    #[must_use]
    pub fn customer_email(&self) -> &str {
        self.get(Field::CustomerEmail)
    }

    /// The customer's telephone number.
    #[must_use]
    pub fn customer_phone(&self) -> &str {
        self.get(Field::CustomerPhone)
    }

    /// Where the order goes.
    #[must_use]
    pub fn delivery_address(&self) -> &str {
        self.get(Field::DeliveryAddress)
    }

    /// This contact with the fields of `patch` in place of its own.
    ///
    /// # Panics
    /// When the texts exceed 4 GiB together, which no request body does.
    #[must_use]
    pub fn patched(&self, patch: &ContactPatch) -> Self {
        let fields = Field::ALL.map(|field| patch.fields[field as usize].as_deref().unwrap_or(self.get(field)));
        Self::pack(fields).expect("contact fields come from bodies far below 4 GiB")
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Contact");
        for field in Field::ALL {
            debug.field(field.as_str(), &self.get(field));
        }
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_four_texts_apart() {
        let contact = Contact::new(" Alice ", "alice@example.com", "123", "Main St\n1").unwrap();
        assert_eq!(Field::ALL.map(|f| contact.get(f)), ["Alice", "alice@example.com", "123", "Main St\n1"]);
        let mut patch = ContactPatch::default();
        patch.set(Field::CustomerPhone, "4567").unwrap();
        let patched = contact.patched(&patch);
        assert_eq!(Field::ALL.map(|f| patched.get(f)), ["Alice", "alice@example.com", "4567", "Main St\n1"]);
    }

    #[test]
    fn refuses_and_names_the_field() {
        let check = |name: &str, email: &str, phone: &str, address: &str, text: &str| {
            assert_eq!(Contact::new(name, email, phone, address).unwrap_err().to_string(), text);
        };
        check(" ", "a@b.de", "1", "x", "customer_name: the text is blank");
        check("A", "nope", "1", "x", "customer_email: not an e-mail address");
        let long = "1".repeat(21);
        check("A", "a@b.de", &long, "x", "customer_phone: the text has 21 characters; at most 20 are allowed");
        check("A", "a@b.de", "1", "", "delivery_address: the text is blank");
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert!(Contact::new(&"ü".repeat(100), "a@b.de", "1", "x").is_ok());
        assert!(Contact::new(&"ü".repeat(101), "a@b.de", "1", "x").is_err());
    }
}

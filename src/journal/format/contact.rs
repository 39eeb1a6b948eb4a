//! The contact fields of an order.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::Contact;

use super::FormatError;

/// The stored form of [`Contact`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct ContactV1<'a> {
    customer_name: &'a str,
    customer_email: &'a str,
    customer_phone: &'a str,
    delivery_address: &'a str,
}

impl<'a> From<&'a Contact> for ContactV1<'a> {
    fn from(contact: &'a Contact) -> Self {
        Self {
            customer_name: contact.customer_name(),
            customer_email: contact.customer_email(),
            customer_phone: contact.customer_phone(),
            delivery_address: contact.delivery_address(),
        }
    }
}

impl ContactV1<'_> {
    /// The domain's value. The rules of the fields are not asked again: they may have changed since.
    pub fn restore(self) -> Result<Contact, FormatError> {
        let texts = [self.customer_name, self.customer_email, self.customer_phone, self.delivery_address];
        let too_long = || FormatError::number("the length of a contact", texts.iter().map(|t| t.len()).sum::<usize>());
        Contact::restore(texts).ok_or_else(too_long)
    }
}

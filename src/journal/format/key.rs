//! Idempotency records.

use std::sync::Arc;

use bincode::{BorrowDecode, Encode};

use crate::domain::entry::{Answer, KeyRecord};

use super::super::interface::Revisions;
use super::stock::BalanceV1;
use super::{CategoryV1, FormatError, OrderV1, RevisionV1};

/// The stored form of [`KeyRecord`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct KeyRecordV1<'a> {
    key: &'a str,
    request: [u8; 16],
    answer: AnswerV1<'a>,
}

/// The stored form of [`Answer`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub enum AnswerV1<'a> {
    /// The orders of the same entry.
    Placed,
    /// One order.
    Order(OrderV1<'a>),
    /// A product and its stock.
    Product(RevisionV1<'a>, BalanceV1),
    /// A category.
    Category(CategoryV1<'a>),
}

impl<'a> From<&'a KeyRecord> for KeyRecordV1<'a> {
    fn from(record: &'a KeyRecord) -> Self {
        let answer = match &record.answer {
            Answer::Placed => AnswerV1::Placed,
            Answer::Order(order) => AnswerV1::Order(order.as_ref().into()),
            Answer::Product(revision, balance) => AnswerV1::Product(revision.as_ref().into(), balance.into()),
            Answer::Category(category) => AnswerV1::Category(category.into()),
        };
        Self { key: &record.key, request: record.request, answer }
    }
}

impl KeyRecordV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self, revisions: &dyn Revisions) -> Result<KeyRecord, FormatError> {
        let answer = match self.answer {
            AnswerV1::Placed => Answer::Placed,
            AnswerV1::Order(order) => Answer::Order(Arc::new(order.restore(revisions)?)),
            AnswerV1::Product(revision, balance) => Answer::Product(Arc::new(revision.restore()?), balance.restore()?),
            AnswerV1::Category(category) => Answer::Category(category.restore()?),
        };
        Ok(KeyRecord { key: self.key.into(), request: self.request, answer })
    }
}

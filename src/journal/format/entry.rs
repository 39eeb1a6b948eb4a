//! An entry: one decision with all its events.

use std::sync::Arc;

use bincode::{BorrowDecode, Encode};

use crate::domain::entry::{Entry, Event, Events};
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

use super::super::interface::Revisions;
use super::placed::is_as_placed;
use super::{
    AccessEventV1, CatalogueEventV1, FormatError, KeyRecordV1, List, OrderEventV1, PlacedV1, StockEventV1, WhoV1,
    codec, value,
};

/// The stored form of [`Entry`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct EntryV1<'a> {
    at: i64,
    who: WhoV1<'a>,
    key: Option<KeyRecordV1<'a>>,
    events: List<'a, Event, EventV1<'a>>,
}

/// The stored form of [`Event`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub enum EventV1<'a> {
    /// The catalogue changed.
    Catalogue(CatalogueEventV1<'a>),
    /// Stock changed by hand.
    Stock(StockEventV1<'a>),
    /// An order was placed.
    Placed(PlacedV1<'a>),
    /// An order changed.
    Order(u64, OrderEventV1<'a>),
    /// Users or keys changed.
    Access(AccessEventV1<'a>),
}

impl<'a> From<&'a Entry> for EntryV1<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            at: entry.at.0,
            who: (&entry.who).into(),
            key: entry.key.as_deref().map(Into::into),
            events: List::Values(&entry.events),
        }
    }
}

impl<'a> From<&'a Event> for EventV1<'a> {
    fn from(event: &'a Event) -> Self {
        match event {
            Event::Catalogue(event) => Self::Catalogue(event.as_ref().into()),
            Event::Stock(event) => Self::Stock(event.as_ref().into()),
            Event::Placed(order) => Self::Placed(order.as_ref().into()),
            Event::Order(id, event) => Self::Order(id.0, event.as_ref().into()),
            Event::Access(event) => Self::Access(event.as_ref().into()),
        }
    }
}

impl EntryV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self, revisions: &dyn Revisions) -> Result<Entry, FormatError> {
        if self.events.is_empty() {
            return Err(FormatError::Empty { field: "an entry's list of events" });
        }
        let (at, who) = (Timestamp(self.at), self.who.restore());
        let key = self.key.map(|record| record.restore(revisions).map(Box::new)).transpose()?;
        let mut events = Events::with_capacity(self.events.len());
        for event in self.events.into_forms() {
            events.push(event.restore(at, &who, revisions)?);
        }
        Ok(Entry { at, who, key, events })
    }
}

impl EventV1<'_> {
    fn restore(self, at: Timestamp, who: &Origin, revisions: &dyn Revisions) -> Result<Event, FormatError> {
        Ok(match self {
            Self::Catalogue(event) => Event::Catalogue(Box::new(event.restore()?)),
            Self::Stock(event) => Event::Stock(Box::new(event.restore()?)),
            Self::Placed(order) => Event::Placed(Arc::new(order.restore(at, who, revisions)?)),
            Self::Order(id, event) => Event::Order(value::order_id(id)?, Box::new(event.restore()?)),
            Self::Access(event) => Event::Access(Box::new(event.restore()?)),
        })
    }
}

/// Appends `entry` to `bytes`.
///
/// # Panics
/// When the entry has no event, or an order placed by it is not as it was placed: bytes written for it would be read
/// as something else.
pub fn encode_entry(entry: &Entry, bytes: &mut Vec<u8>) {
    assert!(!entry.events.is_empty(), "an entry has at least one event");
    for event in &entry.events {
        if let Event::Placed(order) = event {
            assert!(is_as_placed(order, entry), "order {} stands in its entry as it was placed", order.id);
        }
    }
    codec::encode(&EntryV1::from(entry), bytes);
}

/// Reads an entry that fills `bytes` exactly.
pub fn decode_entry(bytes: &[u8], revisions: &dyn Revisions) -> Result<Entry, FormatError> {
    codec::decode::<EntryV1<'_>>(bytes)?.restore(revisions)
}

/// When the entry was decided that fills `bytes`. Nothing else of it is looked at.
pub fn entry_at(bytes: &[u8]) -> Result<Timestamp, FormatError> {
    // The first field of every version's form.
    codec::decode_first::<i64>(bytes).map(Timestamp)
}

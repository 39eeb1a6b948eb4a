//! Identifiers. Each kind counts up from 1 and is never reused.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// The id that follows this one.
            #[must_use]
            pub fn next(self) -> Self {
                self.above().expect("ids never reach 2^64")
            }

            /// The same of an id that a caller made up, which may be the last one there can be.
            #[must_use]
            pub fn above(self) -> Option<Self> {
                self.0.checked_add(1).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// An order.
    OrderId
}
id! {
    /// A product of the catalogue.
    ProductId
}
id! {
    /// A category of the catalogue.
    CategoryId
}

/// A row of the stock ledger of a product, or of the audit log: the `nth` that the entry `sequence` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The entry.
    pub sequence: u64,
    /// Which row of that product, or which event, of that entry; from 0.
    pub nth: u32,
}

impl RowId {
    /// The row that `text` names, in the one way in which [`fmt::Display`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sequence, nth) = text.split_once('-')?;
        let id = Self { sequence: sequence.parse().ok()?, nth: nth.parse().ok()? };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.sequence, self.nth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_and_read_in_one_way() {
        let id = RowId { sequence: u64::MAX, nth: 7 };
        assert_eq!(RowId::parse(&id.to_string()), Some(id));
        let others = " 1 - -1 1- +1-0 1-+0 01-0 1-00 1-0- 1--0 18446744073709551616-0 1-4294967296";
        for text in others.split(' ') {
            assert_eq!(RowId::parse(text), None, "{text}");
        }
    }
}

//! The states of an order and the transitions between them.

use std::fmt;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// Placed, its stock reserved.
    Pending = 1,
    /// Being picked and packed.
    Processing = 2,
    /// Left the building.
    Shipped = 3,
    /// Arrived.
    Delivered = 4,
    /// Called off before it was shipped.
    Cancelled = 5,
}

impl Status {
    /// Every state, in the order of an order's life.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Processing, Self::Shipped, Self::Delivered, Self::Cancelled];
    /// The states in which an order is open.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Processing, Self::Shipped];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    /// The label for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Processing => "Processing",
            Self::Shipped => "Shipped",
            Self::Delivered => "Delivered",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Reads the word on the wire in any case; `dispatched` means shipped, `canceled` cancelled.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "pending" => Some(Self::Pending),
            "processing" => Some(Self::Processing),
            "shipped" | "dispatched" => Some(Self::Shipped),
            "delivered" => Some(Self::Delivered),
            "cancelled" | "canceled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// From its stored number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as u8 == code)
    }

    /// Whether no transition leads on from here.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        self.successors().next().is_none()
    }

    /// Whether an order may move from here to `to`.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use Status::{Cancelled, Delivered, Pending, Processing, Shipped};
        match (self, to) {
            (Pending, Processing | Cancelled) | (Processing, Shipped | Cancelled) | (Shipped, Delivered) => true,
            (Pending, Pending | Shipped | Delivered)
            | (Processing, Pending | Processing | Delivered)
            | (Shipped, Pending | Processing | Shipped | Cancelled)
            | (Delivered | Cancelled, Pending | Processing | Shipped | Delivered | Cancelled) => false,
        }
    }

    /// Where an order may move from here.
    pub fn successors(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |to| self.may_become(*to))
    }

    /// Where the stage's timer moves an order.
    #[must_use]
    pub fn next_by_timer(self) -> Option<Self> {
        match self {
            Self::Pending => Some(Self::Processing),
            Self::Processing => Some(Self::Shipped),
            Self::Shipped => Some(Self::Delivered),
            Self::Delivered | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_exactly_the_transitions_of_the_table() {
        let mut table: Vec<_> = Status::ALL
            .into_iter()
            .flat_map(|from| from.successors().map(move |to| format!("{from} -> {to}")))
            .collect();
        table.sort();
        assert_eq!(
            table,
            [
                "pending -> cancelled",
                "pending -> processing",
                "processing -> cancelled",
                "processing -> shipped",
                "shipped -> delivered",
            ]
        );
    }

    #[test]
    fn a_timer_takes_a_legal_transition() {
        for status in Status::ALL {
            assert!(status.next_by_timer().is_none_or(|to| status.may_become(to)));
            assert_eq!(status.is_terminal(), status.next_by_timer().is_none());
        }
    }

    #[test]
    fn reads_words_in_any_case_and_the_two_synonyms() {
        for status in Status::ALL {
            assert_eq!(Status::parse(&status.as_str().to_uppercase()), Some(status));
            assert_eq!(Status::from_code(status as u8), Some(status));
        }
        assert_eq!(Status::parse("Dispatched"), Some(Status::Shipped));
        assert_eq!(Status::parse("CANCELED"), Some(Status::Cancelled));
        assert_eq!(Status::parse("lost"), None);
        assert_eq!(Status::from_code(0), None);
    }
}

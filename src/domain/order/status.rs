//! The states of an order and the transitions between them.

use std::fmt;

use enum_map::{Enum, EnumMap, enum_len};

use super::super::stock::Change;

/// Where an order stands. Its number is stored, and means nothing beyond that: there is no order among statuses.
///
/// An order that has not ended is in a [`Stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
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
    pub const ALL: [Self; enum_len::<Self>()] =
        [Self::Pending, Self::Processing, Self::Shipped, Self::Delivered, Self::Cancelled];
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

    /// The stage that an order in this status is in; none where it has ended.
    #[must_use]
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::Pending => Some(Stage::Pending),
            Self::Processing => Some(Stage::Processing),
            Self::Shipped => Some(Stage::Shipped),
            Self::Delivered | Self::Cancelled => None,
        }
    }

    /// Whether the lines of an order in this status have their stock reserved.
    #[must_use]
    pub fn holds_stock(self) -> bool {
        match self {
            Self::Pending | Self::Processing => true,
            Self::Shipped | Self::Delivered | Self::Cancelled => false,
        }
    }

    /// What entering this status does to the stock of a line of `quantity` units, whichever status it is entered from:
    /// an entry says where an order moves to, and is read where the order may be some entries behind.
    #[must_use]
    pub fn stock_effect(self, quantity: u32) -> Option<Change> {
        match self {
            Self::Pending => Some(Change::Reserved(quantity)),
            Self::Shipped => Some(Change::Shipped(quantity)),
            Self::Cancelled => Some(Change::Released(quantity)),
            Self::Processing | Self::Delivered => None,
        }
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

/// A status in which an order is open. It has a timer, and an order that stays too long in it is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum Stage {
    /// See [`Status::Pending`].
    Pending,
    /// See [`Status::Processing`].
    Processing,
    /// See [`Status::Shipped`].
    Shipped,
}

impl Stage {
    /// Every stage, in the order of an order's life.
    pub const ALL: [Self; enum_len::<Self>()] = [Self::Pending, Self::Processing, Self::Shipped];

    /// The status of an order in this stage.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Processing => Status::Processing,
            Self::Shipped => Status::Shipped,
        }
    }
}

/// A value for each status.
pub type PerStatus<T> = EnumMap<Status, T>;

/// A value for each stage.
pub type PerStage<T> = EnumMap<Stage, T>;

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
    fn an_order_is_in_a_stage_until_it_ends_and_each_stage_is_one_of_a_status() {
        for status in Status::ALL {
            assert_eq!(status.stage().is_none(), status.is_terminal(), "{status}");
            assert_eq!(Status::ALL.iter().filter(|other| **other == status).count(), 1, "{status} is listed once");
        }
        for stage in Stage::ALL {
            assert_eq!(stage.status().stage(), Some(stage));
        }
    }

    #[test]
    fn stock_moves_where_an_order_begins_or_ceases_to_hold_it() {
        let moves = Status::ALL.into_iter().flat_map(|from| from.successors().map(move |to| (from, to)));
        for (from, to) in moves {
            let expected = match (from.holds_stock(), to.holds_stock()) {
                (true, true) | (false, false) => None,
                (true, false) if to == Status::Cancelled => Some(Change::Released(3)),
                (true, false) => Some(Change::Shipped(3)),
                (false, true) => Some(Change::Reserved(3)),
            };
            assert_eq!(to.stock_effect(3), expected, "{from} -> {to}");
        }
        assert_eq!(Status::Pending.stock_effect(3), Some(Change::Reserved(3)), "an order is placed pending");
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

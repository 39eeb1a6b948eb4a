//! The versions of the forms that entries are written in. A frame names the oldest one that can say what it holds, so
//! that an older program says that a newer one wrote it, and does not call it damaged.

use crate::domain::entry::{Entry, Event};

/// A version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Catalogue, stock and orders. Users and keys stand in some frames of it as well: they were written so at first.
    One = 1,
    /// Users and keys.
    Two = 2,
}

impl Version {
    /// The newest one.
    pub const NEWEST: Self = Self::Two;

    /// The version with this number, where this program knows it.
    #[must_use]
    pub fn known(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    /// The oldest version that can say all of `entry`. A new kind of event, or of anything in one, raises it.
    #[must_use]
    pub fn needed_by(entry: &Entry) -> Self {
        let of_event = |event: &Event| match event {
            Event::Catalogue(_) | Event::Stock(_) | Event::Placed(_) | Event::Order(..) => Self::One,
            Event::Access(_) => Self::Two,
        };
        entry.events.iter().map(of_event).max().unwrap_or(Self::One)
    }
}

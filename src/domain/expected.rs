//! What a caller saw of what a command is about. The command is refused when it is another by now, so that nobody
//! undoes unseen what somebody else did. It is judged where the command is decided, against the same state.

use super::stock::Balance;

/// The states in which a command shall be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected(Option<Box<[Seen]>>);

/// A state that a caller saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// An order at this version.
    Order(u32),
    /// A product at this revision, with this stock.
    Product(u32, Balance),
    /// A product at this revision, whatever its stock.
    Revision(u32),
}

impl Expected {
    /// Any state: the caller does not mind.
    pub const ANYTHING: Self = Self(None);

    /// One of these states; with none of them, no state at all.
    #[must_use]
    pub fn one_of(seen: impl IntoIterator<Item = Seen>) -> Self {
        Self(Some(seen.into_iter().collect()))
    }

    /// Whether every state will do.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether an order at `version` is one of them.
    #[must_use]
    pub fn holds_for_order(&self, version: u32) -> bool {
        self.any(|seen| seen == Seen::Order(version))
    }

    /// Whether a product at `revision` with `balance` is one of them.
    #[must_use]
    pub fn holds_for_product(&self, revision: u32, balance: Balance) -> bool {
        self.any(|seen| seen == Seen::Product(revision, balance) || seen == Seen::Revision(revision))
    }

    fn any(&self, is_it: impl Fn(Seen) -> bool) -> bool {
        self.0.as_deref().is_none_or(|seen| seen.iter().copied().any(is_it))
    }
}

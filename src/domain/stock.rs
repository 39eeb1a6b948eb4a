//! The stock ledger: how many units of each product there are, and why.
//!
//! Invariants, for every product at every moment: `reserved <= on_hand`, both at least 0, and the balance is the sum
//! of its movements.

use std::sync::Arc;

use hashbrown::HashMap;

use super::ids::{OrderId, ProductId};
use super::origin::Origin;
use super::time::Timestamp;

/// The most units of one product that can be on hand: what a signed 32-bit integer of a client holds.
pub const ON_HAND_MAX: u32 = 2_147_483_647;

/// How many units of a product there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// In the building.
    pub on_hand: u32,
    /// Promised to open orders; never more than `on_hand`.
    pub reserved: u32,
}

impl Balance {
    /// What a new order can still get.
    #[must_use]
    pub fn available(self) -> u32 {
        self.on_hand.checked_sub(self.reserved).expect("never more is reserved than is on hand")
    }

    /// Refuses when something else than `expected` is available.
    pub fn expect_available(self, expected: u32) -> Result<(), StockRejection> {
        let current = self.available();
        if expected == current { Ok(()) } else { Err(StockRejection::StaleAvailable { expected, current }) }
    }

    /// The balance after `change`.
    ///
    /// # Panics
    /// When the change breaks an invariant of the ledger: deciding should have refused it.
    #[must_use]
    pub fn after(self, change: Change) -> Self {
        let Self { on_hand, reserved } = self;
        let on_hand = i64::from(on_hand) + change.on_hand();
        let reserved = i64::from(reserved) + change.reserved();
        assert!(
            0 <= reserved && reserved <= on_hand,
            "stock stays within 0 <= reserved <= on_hand: {self:?} {change:?}"
        );
        let on_hand = u32::try_from(on_hand).ok().filter(|n| *n <= ON_HAND_MAX).expect("stock on hand stays countable");
        Self { on_hand, reserved: u32::try_from(reserved).expect("reserved is at most on_hand") }
    }
}

/// What happened to the stock of a product, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Came into the building.
    Received(u32),
    /// Corrected by hand, up or down.
    Adjusted(i64),
    /// Promised to an order.
    Reserved(u32),
    /// No longer promised: the order was cancelled.
    Released(u32),
    /// Left the building with an order, which held it reserved.
    Shipped(u32),
}

impl Change {
    /// Every cause.
    pub const CAUSES: [&str; 5] = ["received", "adjusted", "reserved", "released", "shipped"];

    /// The cause, in one word.
    #[must_use]
    pub fn cause(self) -> &'static str {
        let word = match self {
            Self::Received(_) => "received",
            Self::Adjusted(_) => "adjusted",
            Self::Reserved(_) => "reserved",
            Self::Released(_) => "released",
            Self::Shipped(_) => "shipped",
        };
        debug_assert!(Self::CAUSES.contains(&word), "each cause is in the list");
        word
    }

    /// By how much the number that the cause is about changes: what is reserved, or what is on hand.
    #[must_use]
    pub fn quantity(self) -> i64 {
        match self {
            Self::Received(_) | Self::Adjusted(_) | Self::Shipped(_) => self.on_hand(),
            Self::Reserved(_) | Self::Released(_) => self.reserved(),
        }
    }

    /// By how many units `on_hand` changes.
    #[must_use]
    pub fn on_hand(self) -> i64 {
        match self {
            Self::Received(n) => i64::from(n),
            Self::Adjusted(delta) => delta,
            Self::Reserved(_) | Self::Released(_) => 0,
            Self::Shipped(n) => -i64::from(n),
        }
    }

    /// By how many units `reserved` changes.
    #[must_use]
    pub fn reserved(self) -> i64 {
        match self {
            Self::Received(_) | Self::Adjusted(_) => 0,
            Self::Reserved(n) => i64::from(n),
            Self::Released(n) | Self::Shipped(n) => -i64::from(n),
        }
    }
}

/// A change of stock that no order caused: received or adjusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockEvent {
    /// The product.
    pub product: ProductId,
    /// What happened.
    pub change: Change,
    /// Why, in the operator's words.
    pub reason: Option<Box<str>>,
}

/// One row of the ledger of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The journal entry that caused it.
    pub sequence: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub change: Change,
    /// The balance right after it.
    pub after: Balance,
    /// The order it was for.
    pub order: Option<OrderId>,
    /// Who caused it.
    pub who: Origin,
    /// Why, in somebody's words.
    pub reason: Option<Arc<str>>,
}

/// What an operator wants done to the stock of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The product.
    pub product: ProductId,
    /// The new number, or the difference.
    pub target: Target,
    /// The number that the operator saw: what is available where that is set, what is on hand otherwise. The adjustment
    /// is refused when it is another by now.
    pub expected: Option<u32>,
    /// Why.
    pub reason: Option<Box<str>>,
}

/// What becomes of the stock of a product that is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockEdit {
    /// What shall be available of it.
    pub available: Option<u32>,
    /// What the caller saw available; the change is refused when it is another by now.
    pub expected: Option<u32>,
}

impl From<Option<u32>> for StockEdit {
    fn from(available: Option<u32>) -> Self {
        Self { available, expected: None }
    }
}

/// How an adjustment names its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Add to what is on hand, or take away.
    By(i64),
    /// Set what is on hand: a stocktake.
    OnHand(u32),
    /// Set what is available: what is reserved comes on top.
    Available(u32),
}

/// The rule of the ledger that an adjustment broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockRejection {
    /// No such product.
    #[error("there is no product {0}")]
    ProductMissing(ProductId),
    /// Somebody changed the number in between.
    #[error("expected {expected} on hand, but there are {current}; look again and repeat the adjustment")]
    Stale {
        /// What the operator saw.
        expected: u32,
        /// What there is.
        current: u32,
    },
    /// Somebody changed what is available in between.
    #[error("expected {expected} available, but there are {current}; read the product again and repeat the change")]
    StaleAvailable {
        /// What the caller saw.
        expected: u32,
        /// What there is.
        current: u32,
    },
    /// Less would be on hand than is promised to orders.
    #[error("{wanted} on hand would be less than the {reserved} reserved for open orders ({on_hand} are on hand now)")]
    BelowReserved {
        /// What would be on hand.
        wanted: i64,
        /// What is on hand.
        on_hand: u32,
        /// What is promised to open orders.
        reserved: u32,
    },
    /// More would be on hand than can be counted.
    #[error("{wanted} on hand is more than the {ON_HAND_MAX} that can be counted")]
    TooMany {
        /// What would be on hand.
        wanted: i64,
        /// What was asked for.
        target: Target,
        /// The most that could be asked for in its place.
        most: i64,
    },
}

/// The balance of every product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    balances: HashMap<ProductId, Balance>,
}

impl Stock {
    /// The balance of `product`; nothing of what was never received.
    #[must_use]
    pub fn balance(&self, product: ProductId) -> Balance {
        self.balances.get(&product).copied().unwrap_or_default()
    }

    /// The change that `adjustment` leads to (`None`: the number already is what was asked for), or the rule it breaks.
    /// Whether the product exists is for the catalogue to say.
    pub fn decide(&self, adjustment: &Adjustment) -> Result<Option<Change>, StockRejection> {
        let balance @ Balance { on_hand, reserved } = self.balance(adjustment.product);
        match (adjustment.target, adjustment.expected) {
            (Target::Available(_), Some(expected)) => balance.expect_available(expected)?,
            (Target::By(_) | Target::OnHand(_), Some(expected)) if expected != on_hand => {
                return Err(StockRejection::Stale { expected, current: on_hand });
            }
            (_, Some(_) | None) => {}
        }
        let wanted = match adjustment.target {
            Target::By(delta) => i64::from(on_hand).saturating_add(delta),
            Target::OnHand(n) => i64::from(n),
            Target::Available(n) => i64::from(n) + i64::from(reserved),
        };
        if wanted < i64::from(reserved) {
            return Err(StockRejection::BelowReserved { wanted, on_hand, reserved });
        }
        if wanted > i64::from(ON_HAND_MAX) {
            let beside = match adjustment.target {
                Target::By(_) => on_hand,
                Target::OnHand(_) => 0,
                Target::Available(_) => reserved,
            };
            let most = i64::from(ON_HAND_MAX) - i64::from(beside);
            return Err(StockRejection::TooMany { wanted, target: adjustment.target, most });
        }
        let delta = wanted - i64::from(on_hand);
        Ok((delta != 0).then_some(Change::Adjusted(delta)))
    }

    /// Takes over `change` and answers with the balance after it.
    pub fn apply(&mut self, product: ProductId, change: Change) -> Balance {
        let balance = self.balances.entry(product).or_default();
        *balance = balance.after(change);
        *balance
    }

    /// Sets a balance outright: only for reading a checkpoint.
    pub fn restore(&mut self, product: ProductId, balance: Balance) {
        self.balances.insert(product, balance);
    }

    /// Forgets a product that was deleted.
    pub fn forget(&mut self, product: ProductId) {
        self.balances.remove(&product);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProductId = ProductId(1);

    fn stock(on_hand: u32, reserved: u32) -> Stock {
        let mut stock = Stock::default();
        stock.restore(P, Balance { on_hand, reserved });
        stock
    }

    #[test]
    fn adjusts_only_within_the_invariants() {
        let check = |target, expected, answer: Result<Option<Change>, StockRejection>| {
            let adjustment = Adjustment { product: P, target, expected, reason: None };
            assert_eq!(stock(43, 10).decide(&adjustment), answer, "{adjustment:?}");
        };
        check(Target::By(-3), None, Ok(Some(Change::Adjusted(-3))));
        check(Target::OnHand(40), Some(43), Ok(Some(Change::Adjusted(-3))));
        check(Target::OnHand(43), Some(43), Ok(None));
        check(Target::Available(40), None, Ok(Some(Change::Adjusted(7))));
        check(Target::Available(40), Some(33), Ok(Some(Change::Adjusted(7))));
        check(Target::Available(40), Some(43), Err(StockRejection::StaleAvailable { expected: 43, current: 33 }));
        check(Target::OnHand(40), Some(44), Err(StockRejection::Stale { expected: 44, current: 43 }));
        check(Target::By(-34), None, Err(StockRejection::BelowReserved { wanted: 9, on_hand: 43, reserved: 10 }));
        check(Target::By(-33), None, Ok(Some(Change::Adjusted(-33))));
        let most = i64::from(ON_HAND_MAX);
        let too_many = |target, wanted, most| Err(StockRejection::TooMany { wanted, target, most });
        check(Target::By(most - 43), None, Ok(Some(Change::Adjusted(most - 43))));
        check(Target::By(most), None, too_many(Target::By(most), most + 43, most - 43));
        check(Target::By(i64::MAX), None, too_many(Target::By(i64::MAX), i64::MAX, most - 43));
        check(Target::Available(ON_HAND_MAX), None, too_many(Target::Available(ON_HAND_MAX), most + 10, most - 10));
        let beyond = Target::OnHand(ON_HAND_MAX + 1);
        check(beyond, None, too_many(beyond, most + 1, most));
    }

    #[test]
    fn shipping_lowers_both_numbers() {
        let mut stock = stock(5, 0);
        assert_eq!(stock.apply(P, Change::Reserved(2)), Balance { on_hand: 5, reserved: 2 });
        assert_eq!(stock.apply(P, Change::Shipped(1)), Balance { on_hand: 4, reserved: 1 });
        assert_eq!(stock.apply(P, Change::Released(1)), Balance { on_hand: 4, reserved: 0 });
    }
}

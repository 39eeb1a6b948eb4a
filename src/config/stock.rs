//! What counts as little stock.

use super::section::section;

section! {
    /// `[stock]`.
    Stock {
        /// A product of which so many pieces or fewer are available runs low, which the console shows.
        low: u32 = Count("10", "0" to "1000000000") in "PACKHORSE_STOCK__LOW";
    }
}

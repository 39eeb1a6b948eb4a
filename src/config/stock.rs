//! What counts as little stock.

use super::section::section;

section! {
    /// `[stock]`.
    Stock {
        /// Products with this many units or fewer available are shown as low stock.
        low: u32 = Count("10", "0" to "1000000000") in "PACKHORSE_STOCK__LOW";
    }
}

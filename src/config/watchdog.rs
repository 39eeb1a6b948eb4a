//! How often stale orders are looked for.

use std::time::Duration;

use super::section::section;

section! {
    /// `[watchdog]`.
    Watchdog {
        /// How often the watchdog looks for orders that outstayed their stage.
        interval: Duration = Span("1s", "10ms" to "1h") in "PACKHORSE_WATCHDOG__INTERVAL";
    }
}

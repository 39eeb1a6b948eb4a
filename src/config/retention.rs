//! How long things are kept that are not needed for ever.

use std::time::Duration;

use super::section::section;

section! {
    /// `[retention]`. The journal keeps everything in any case.
    Retention {
        /// How long an order stays in memory after it ended; later it is read from the store, its answers unchanged.
        ended_orders_in_memory: Duration = Span("10m", "0s" to "30days") in "PACKHORSE_RETENTION__ENDED_ORDERS_IN_MEMORY";
        /// How long a repeated request with the same `Idempotency-Key` gets its first answer again.
        idempotency_keys: Duration = Span("24h", "1s" to "30days") in "PACKHORSE_RETENTION__IDEMPOTENCY_KEYS";
        /// Idempotency keys of clients kept, of which each caller has a share; a new key beyond it is answered 503. A few (a hundredth, at most 1000) each caller has whatever the others hold.
        idempotency_keys_max: usize = Count("10000000", "1" to "100000000") in "PACKHORSE_RETENTION__IDEMPOTENCY_KEYS_MAX";
    }
}

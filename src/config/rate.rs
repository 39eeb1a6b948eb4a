//! How many requests a second are taken of one caller.

use super::section::section;

section! {
    /// `[rate]`.
    Rate {
        /// Requests a second by one API key, once access is not open; beyond that the answer is 429.
        per_key: u32 = Count("5000", "1" to "1000000") in "PACKHORSE_RATE__PER_KEY";
        /// Requests a second from one address (of IPv6: one /64), once access is not open; beyond that the answer is 429.
        per_address: u32 = Count("10000", "1" to "1000000") in "PACKHORSE_RATE__PER_ADDRESS";
    }
}

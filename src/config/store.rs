//! What the store may use.

use super::section::section;

section! {
    /// `[store]`.
    Store {
        /// Memory for the cache of the store.
        cache_bytes: u64 = Bytes("256 MiB", "1 MiB" to "64 GiB") in "PACKHORSE_STORE__CACHE_BYTES";
    }
}

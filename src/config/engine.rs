//! The threads that order actors live on.

use super::section::section;

section! {
    /// `[engine]`.
    Engine {
        /// Threads that order actors live on.
        arbiters: usize = Threads("cores", "1" to "256") in "PACKHORSE_ENGINE__ARBITERS";
    }
}

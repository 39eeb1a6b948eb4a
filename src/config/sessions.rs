//! How long users stay signed in.

use std::time::Duration;

use super::section::section;

section! {
    /// `[sessions]`.
    Sessions {
        /// How long a session may be idle before the user has to sign in again.
        idle: Duration = Span("30m", "1s" to "7days") in "PACKHORSE_SESSIONS__IDLE";
        /// How long a session lasts, however much it is used.
        age: Duration = Span("12h", "1s" to "30days") in "PACKHORSE_SESSIONS__AGE";
        /// Sessions at once; beyond that, of the user who has most, the one that was idle longest ends.
        max: usize = Count("10000", "1" to "1000000") in "PACKHORSE_SESSIONS__MAX";
    }
}

//! Pages of other origins.

use super::section::section;

section! {
    /// `[cors]`.
    Cors {
        /// Origins whose pages may call the API, with a key: cookies of other sites are never looked at.
        origins: Vec<String> = Origins("none") in "PACKHORSE_CORS__ORIGINS";
    }
}

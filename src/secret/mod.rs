//! Secrets: hashing passwords, making API keys. What comes out is a hash, or a secret that is shown once.
//!
//! Invariants: nothing here prints a secret, not even by `Debug`; a password is compared in constant time, by its hash.
//! Hashing takes tens of milliseconds and 19 MiB: call it off the async threads. Deliberately absent: who may do what.

mod key;
mod password;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use key::{digest_of, new_key};
pub use password::{
    PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordError, hash_password, new_password, verify_nobody, verify_password,
};

/// A secret that was just made, to be shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// The text. Show it to whoever asked for it, and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// `N` random bytes from the kernel.
///
/// # Panics
/// When the kernel gives none, which it does on no Linux that runs this: without chance there are no secrets.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// `bytes` in the alphabet of base64url, without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_gives_something_else_each_time() {
        assert_ne!(random::<32>(), random::<32>());
    }
}

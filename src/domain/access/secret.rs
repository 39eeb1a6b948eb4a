//! What secrets are recognised by. Neither is a secret itself, and neither is ever shown.

use std::fmt;
use std::sync::Arc;

/// Longer than any hash that this program makes.
const PHC_BYTES_MAX: usize = 256;

/// The hash of a password, as PHC text (`$argon2id$...`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Takes the PHC text of an argon2id hash; nothing else is one.
    #[must_use]
    pub fn parse(phc: &str) -> Option<Self> {
        (phc.starts_with("$argon2id$") && phc.len() <= PHC_BYTES_MAX && phc.is_ascii()).then(|| Self(phc.into()))
    }

    /// The PHC text, for verifying and for storing.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The hash of an API key's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(..)")
    }
}

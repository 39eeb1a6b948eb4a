//! The secret of an API key: `ph_` and 43 characters, which are 32 random bytes.

use std::fmt;

use crate::domain::access::KeyDigest;

use super::{base64url, random};

/// The secret of an API key, as it is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// The text. Show it to whoever asked for the key, and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}

/// Makes a new secret, and what it is recognised by.
#[must_use]
pub fn new_key() -> (KeyText, KeyDigest) {
    let text = format!("ph_{}", base64url(&random::<32>()));
    let digest = digest_of(&text);
    (KeyText(text), digest)
}

/// What the secret `text` is recognised by. A fast hash is enough: 32 random bytes cannot be guessed.
#[must_use]
pub fn digest_of(text: &str) -> KeyDigest {
    KeyDigest(*blake3::hash(text.as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_form_and_is_recognised() {
        let (text, digest) = new_key();
        assert_eq!(text.reveal().len(), 46);
        let secret = text.reveal().strip_prefix("ph_").unwrap();
        assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(digest_of(text.reveal()), digest);
        assert_ne!(new_key().1, digest);
        assert_eq!(format!("{text:?} {digest:?}"), "KeyText(..) KeyDigest(..)");
    }
}

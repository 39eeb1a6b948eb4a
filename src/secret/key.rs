//! The secret of an API key: `ph_` and 43 characters, which are 32 random bytes.

use crate::domain::access::KeyDigest;

use super::{SecretText, base64url, random};

/// Makes a new secret, and what it is recognised by.
#[must_use]
pub fn new_key() -> (SecretText, KeyDigest) {
    let text = format!("ph_{}", base64url(&random::<32>()));
    let digest = digest_of(&text);
    (SecretText(text), digest)
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
        assert_eq!(format!("{text:?} {digest:?}"), "SecretText(..) KeyDigest(..)");
    }
}

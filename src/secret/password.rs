//! Passwords: argon2id with the parameters that its crate takes by default.

use std::borrow::Cow;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use parking_lot::{Condvar, Mutex};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::domain::access::PasswordHash;

use super::{SecretText, base64url, random};

/// The shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest one.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// So many passwords are hashed at once, at most: each takes 19 MiB.
const AT_ONCE: usize = 2;

static UNDER_WAY: Mutex<usize> = Mutex::new(0);
static ONE_ENDED: Condvar = Condvar::new();

/// A password cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; this one has {found}")]
pub struct PasswordError {
    /// How many it has.
    pub found: usize,
}

/// The hash of `password`. Takes tens of milliseconds, and waits while others are hashed.
///
/// # Errors
/// When it is too short or too long.
pub fn hash_password(password: &str) -> Result<PasswordHash, PasswordError> {
    let password = composed(password);
    let found = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&found) {
        return Err(PasswordError { found });
    }
    let _turn = Turn::wait();
    let hash: phc::PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &random::<16>())
        .expect("a password of this length can be hashed");
    Ok(PasswordHash::parse(&hash.to_string()).expect("what argon2id makes is a hash"))
}

/// `password` as it is hashed: what looks the same is the same, whether a keyboard sends a letter with its accent as
/// one character or as two.
fn composed(password: &str) -> Cow<'_, str> {
    if is_nfc(password) { password.into() } else { password.nfc().collect::<String>().into() }
}

/// Whether `password` is the one that `hash` was made of. Takes as long as hashing; twice as long where it is a wrong
/// one and not composed, for it may have been hashed as it was typed, which was done once.
#[must_use]
pub fn verify_password(password: &str, hash: &PasswordHash) -> bool {
    let Ok(hash) = phc::PasswordHash::new(hash.as_phc()) else { return false };
    // No such password was ever taken; hashing a long one would only cost time.
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    let _turn = Turn::wait();
    let fits = |password: &str| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    match composed(password) {
        Cow::Borrowed(password) => fits(password),
        Cow::Owned(composed) => fits(&composed) || fits(password),
    }
}

/// Takes as long as [`verify_password`] and lets nobody in: for names that nobody has, so that time does not tell which
/// names there are.
pub fn verify_nobody(password: &str) {
    static NOBODY: LazyLock<PasswordHash> =
        LazyLock::new(|| hash_password(new_password().reveal()).expect("a password that is made here can be one"));
    let _ = verify_password(password, &NOBODY);
}

/// A random password: 24 characters.
#[must_use]
pub fn new_password() -> SecretText {
    SecretText(base64url(&random::<18>()))
}

/// The right to hash. It ends when it is dropped.
struct Turn;

impl Turn {
    fn wait() -> Self {
        let mut under_way = UNDER_WAY.lock();
        ONE_ENDED.wait_while(&mut under_way, |under_way| *under_way >= AT_ONCE);
        *under_way += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNDER_WAY.lock() -= 1;
        ONE_ENDED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits_and_salt_makes_hashes_differ() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(verify_password("correct horse battery", &hash));
        assert!(!verify_password("correct horse batterz", &hash) && !verify_password("", &hash));
        assert_ne!(hash_password("correct horse battery").unwrap(), hash);
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    }

    #[test]
    fn a_password_is_the_same_whether_its_accents_are_composed_or_not() {
        let (composed, apart) = ("passwort-\u{e4}\u{e9}\u{f6}\u{fc}", "passwort-a\u{308}e\u{301}o\u{308}u\u{308}");
        for typed in [composed, apart] {
            let hash = hash_password(typed).unwrap();
            assert!(verify_password(composed, &hash) && verify_password(apart, &hash), "{typed}");
            assert!(!verify_password("passwort-aeou", &hash));
        }
        let before: phc::PasswordHash =
            Argon2::default().hash_password_with_salt(apart.as_bytes(), &random::<16>()).unwrap();
        let before = PasswordHash::parse(&before.to_string()).unwrap();
        assert!(verify_password(apart, &before), "one that was hashed as it was typed");
    }

    #[test]
    fn the_length_counts_in_characters() {
        assert_eq!(hash_password("elevenchars").unwrap_err(), PasswordError { found: 11 });
        assert_eq!(hash_password(&"ä".repeat(257)).unwrap_err(), PasswordError { found: 257 });
        assert!(hash_password("zwölfzeichen").is_ok());
        assert_eq!(new_password().reveal().chars().count(), 24);
    }

    #[test]
    fn a_hash_that_is_damaged_lets_nobody_in() {
        let hash = PasswordHash::parse("$argon2id$v=19$broken").unwrap();
        assert!(!verify_password("correct horse battery", &hash));
    }
}

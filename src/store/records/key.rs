//! Idempotency records, and when they expire.

use super::ValueError;
use super::fields::Fields;
use crate::domain::entry::RequestHash;
use crate::domain::time::Timestamp;
use crate::journal::Position;

const KEY: u8 = 1;
const EXPIRY: u8 = 2;
const KEY_BYTES: usize = 1 + 16;
const EXPIRY_BYTES: usize = 1 + 8 + 16;
const VALUE_BYTES: usize = 16 + 8 + 2 * 8 + 8 + 8;
/// Turns the order of signed numbers into that of unsigned ones.
const SIGN: u64 = 1 << 63;

/// What stands for the text of an idempotency key: the first half of its BLAKE3 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub [u8; 16]);

impl KeyHash {
    /// The hash of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hash = [0; 16];
        blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut hash);
        Self(hash)
    }
}

/// An idempotency record: where the answer to a repeated request is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The client's key.
    pub hash: KeyHash,
    /// A hash of the request that carried it.
    pub request: RequestHash,
    /// The journal entry that holds the answer.
    pub sequence: u64,
    /// Where that entry is.
    pub position: Position,
    /// When it was decided; what the record expires by.
    pub at: Timestamp,
    /// Whose it is, as a number.
    pub owner: u64,
}

pub(crate) fn ser_key(hash: KeyHash) -> [u8; KEY_BYTES] {
    let mut key = [KEY; KEY_BYTES];
    key[1..].copy_from_slice(&hash.0);
    key
}

/// What all keys of idempotency records begin with.
pub(crate) fn ser_prefix() -> [u8; 1] {
    [KEY]
}

pub(crate) fn deser_key(key: &[u8]) -> Result<KeyHash, ValueError> {
    let mut fields = Fields::new("key of an idempotency record", key);
    match fields.u8()? {
        KEY => {}
        other => return Err(fields.bad("kind", other)),
    }
    let hash = KeyHash(fields.array()?);
    fields.end()?;
    Ok(hash)
}

/// The key of the record by which the idempotency record of `hash` is found when it expires. It has no value.
pub(crate) fn ser_expiry(at: Timestamp, hash: KeyHash) -> [u8; EXPIRY_BYTES] {
    let mut key = [EXPIRY; EXPIRY_BYTES];
    key[1..9].copy_from_slice(&(at.0.cast_unsigned() ^ SIGN).to_be_bytes());
    key[9..].copy_from_slice(&hash.0);
    key
}

/// What all expiry keys begin with.
pub(crate) fn ser_expiry_prefix() -> [u8; 1] {
    [EXPIRY]
}

pub(crate) fn deser_expiry(key: &[u8]) -> Result<(Timestamp, KeyHash), ValueError> {
    let mut fields = Fields::new("expiry of an idempotency record", key);
    match fields.u8()? {
        EXPIRY => {}
        other => return Err(fields.bad("kind", other)),
    }
    let at = Timestamp((fields.u64_be()? ^ SIGN).cast_signed());
    let hash = KeyHash(fields.array()?);
    fields.end()?;
    Ok((at, hash))
}

pub(crate) fn ser_value(key: &StoredKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    bytes.extend(key.request);
    bytes.extend(key.sequence.to_be_bytes());
    bytes.extend(key.position.segment_first.to_be_bytes());
    bytes.extend(key.position.offset.to_be_bytes());
    bytes.extend(key.at.0.to_be_bytes());
    bytes.extend(key.owner.to_be_bytes());
    bytes
}

pub(crate) fn deser_value(hash: KeyHash, bytes: &[u8]) -> Result<StoredKey, ValueError> {
    let mut fields = Fields::new("idempotency record", bytes);
    let request = fields.array()?;
    let sequence = fields.u64_be()?;
    let position = Position { segment_first: fields.u64_be()?, offset: fields.u64_be()? };
    let at = Timestamp(fields.i64_be()?);
    let owner = fields.u64_be()?;
    fields.end()?;
    Ok(StoredKey { hash, request, sequence, position, at, owner })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(
            hash: [u8; 16],
            request: [u8; 16],
            sequence: u64,
            segment_first: u64,
            offset: u64,
            at: i64,
            owner: u64,
        ) {
            let position = Position { segment_first, offset };
            let key = StoredKey { hash: KeyHash(hash), request, sequence, position, at: Timestamp(at), owner };
            prop_assert_eq!(ser_value(&key).len(), VALUE_BYTES);
            prop_assert_eq!(deser_value(key.hash, &ser_value(&key)).unwrap(), key);
            prop_assert_eq!(deser_key(&ser_key(key.hash)).unwrap(), key.hash);
            prop_assert_eq!(deser_expiry(&ser_expiry(key.at, key.hash)).unwrap(), (key.at, key.hash));
        }

        #[test]
        fn expiry_order_is_the_same_as_binary_order(a: (i64, [u8; 16]), b: (i64, [u8; 16])) {
            let key = |(at, hash)| ser_expiry(Timestamp(at), KeyHash(hash));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }
    }

    #[test]
    fn wrong_sizes_and_kinds_are_refused() {
        let hash = KeyHash::of("key");
        assert!(deser_value(hash, &[0; VALUE_BYTES - 1]).is_err());
        assert!(deser_value(hash, &[0; VALUE_BYTES + 1]).is_err());
        assert!(deser_key(&[EXPIRY; KEY_BYTES]).is_err());
        assert!(deser_expiry(&[KEY; EXPIRY_BYTES]).is_err());
        assert!(deser_key(&[KEY; KEY_BYTES + 1]).is_err());
    }

    #[test]
    fn the_hash_of_a_key_stays_what_it_is_on_disk() {
        assert_eq!(
            KeyHash::of(""),
            KeyHash([0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9, 0x49])
        );
        assert_ne!(KeyHash::of("a"), KeyHash::of("b"));
    }
}

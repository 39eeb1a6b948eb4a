//! One number over a set of records, whatever their order: it tells whether a checkpoint is there as a whole.
//!
//! sled checks each of its pages. What it cannot say is whether a page is the newest one: after a cut of power it may
//! come back with an older one. The digest, kept up record by record and stored in the head, notices that.

/// The digest of a set of records. That of no records is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(u128);

impl Digest {
    /// With the record of `value` at `key` in addition.
    #[must_use]
    pub(crate) fn with(self, key: &[u8], value: &[u8]) -> Self {
        Self(self.0.wrapping_add(hash(key, value)))
    }

    /// Without the record of `value` at `key`, which was there.
    #[must_use]
    pub(crate) fn without(self, key: &[u8], value: &[u8]) -> Self {
        Self(self.0.wrapping_sub(hash(key, value)))
    }

    /// Its stored form.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From its stored form.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes()).update(key).update(value);
    let mut hash = [0; 16];
    hasher.finalize_xof().fill(&mut hash);
    u128::from_be_bytes(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_set_whatever_its_order() {
        let set = Digest::default().with(b"a", b"1").with(b"b", b"2");
        assert_eq!(set, Digest::default().with(b"b", b"2").with(b"a", b"1"));
        assert_eq!(set.without(b"a", b"1"), Digest::default().with(b"b", b"2"));
        assert_ne!(set, Digest::default().with(b"a", b"2").with(b"b", b"1"));
        assert_ne!(Digest::default().with(b"ab", b"c"), Digest::default().with(b"a", b"bc"));
        assert_eq!(Digest::from_bytes(set.to_bytes()), set);
    }
}

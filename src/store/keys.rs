//! Idempotency records: stored by the hash of their text, forgotten by their age.

use super::Store;
use super::checkpoint::{KeyHash, StoredKey};
use super::error::StoreError;
use super::kv::{Direction, Range};
use super::record::Changes;
use super::records::{ValueError, key};
use super::schema::Table;
use crate::domain::time::Timestamp;

const TABLE: Table = Table::Keys;

impl Store {
    /// The idempotency record of a key.
    pub fn key(&self, hash: &KeyHash) -> Result<Option<StoredKey>, StoreError> {
        let bytes = self.records.get(TABLE, &key::ser_key(*hash))?;
        bytes.map(|bytes| key::deser_value(*hash, &bytes).map_err(damaged)).transpose()
    }

    /// Every idempotency record, oldest first.
    pub(super) fn load_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys = Vec::new();
        self.records.for_each(TABLE, Range::prefix(&key::ser_prefix()), |at, value| {
            let hash = key::deser_key(at).map_err(damaged)?;
            keys.push(key::deser_value(hash, value).map_err(damaged)?);
            Ok(())
        })?;
        keys.sort_unstable_by_key(|key| (key.at, key.sequence));
        Ok(keys)
    }

    pub(super) fn put_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        for key in keys {
            changes.put(key::ser_key(key.hash), key::ser_value(key));
            changes.put(key::ser_expiry(key.at, key.hash), Vec::new());
            if changes.is_full() {
                self.records.apply(TABLE, std::mem::take(&mut changes))?;
            }
        }
        self.records.apply(TABLE, changes)
    }

    /// Forgets the records made before `end`, and says how many those were.
    pub(super) fn expire_keys(&self, end: Timestamp) -> Result<u64, StoreError> {
        const AT_ONCE: usize = 512;
        let range = Range::between(key::ser_expiry_prefix().to_vec(), key::ser_expiry(end, KeyHash([0; 16])).to_vec());
        let mut expired = 0;
        loop {
            let due = self.records.scan(TABLE, &range, Direction::Forward, AT_ONCE)?;
            let mut changes = Changes::default();
            for (at, _) in &due {
                let (made, hash) = key::deser_expiry(at).map_err(damaged)?;
                // A key that was used again after it expired has another record by now, with an expiry of its own.
                if self.key(&hash)?.is_some_and(|key| key.at == made) {
                    changes.delete(key::ser_key(hash));
                    expired += 1;
                }
                changes.delete(at.as_slice());
            }
            self.records.apply(TABLE, changes)?;
            if due.len() < AT_ONCE {
                return Ok(expired);
            }
        }
    }
}

fn damaged(error: ValueError) -> StoreError {
    error.within(TABLE)
}

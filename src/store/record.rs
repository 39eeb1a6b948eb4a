//! Records: guarded values of any length on top of an engine that should see neither long values nor bad ones.
//!
//! A record is stored as one or more chunks of at most [`VALUE_BYTES_MAX`] bytes, at its key followed by the chunk's
//! number. Each chunk begins with a CRC-32C over table, key and content, so that damage, and a value that turns up
//! under another key, are noticed; the first chunk also says how many there are. All chunks of a record change in one
//! batch.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::RwLock;

use super::error::StoreError;
use super::kv::{Batch, Direction, KeyValue, Kv, Range};
use super::schema::{Table, VALUE_BYTES_MAX};

const GUARD_BYTES: usize = 4;
const COUNT_BYTES: usize = 2;
const CHUNK_BYTES: usize = 2;
/// What the first chunk has room for.
const FIRST_BYTES_MAX: usize = VALUE_BYTES_MAX - GUARD_BYTES - COUNT_BYTES;
/// What every other chunk has room for.
const NEXT_BYTES_MAX: usize = VALUE_BYTES_MAX - GUARD_BYTES;
/// The longest value of a record in bytes: about 256 MiB.
const RECORD_BYTES_MAX: usize = FIRST_BYTES_MAX + (u16::MAX as usize - 1) * NEXT_BYTES_MAX;

/// How long a value can be that is stored as a single chunk.
pub(crate) const SINGLE_BYTES_MAX: usize = FIRST_BYTES_MAX;

/// The records of an engine.
pub(crate) struct Records {
    kv: Arc<dyn Kv>,
    /// One for each table: a reader of several chunks must not meet a writer in between.
    locks: [RwLock<()>; Table::ALL.len()],
}

/// Changes of records of one table that belong together. Of several changes of one key the last one counts.
#[derive(Default)]
pub(crate) struct Changes {
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Changes {
    /// Stores `value` at `key`.
    pub(crate) fn put(&mut self, key: impl Into<Vec<u8>>, value: Vec<u8>) {
        self.bytes += value.len();
        self.changes.insert(key.into(), Some(value));
    }

    /// Removes the record at `key`.
    pub(crate) fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.insert(key.into(), None);
    }

    /// Stores `value` at `key`, or removes the record.
    pub(crate) fn set(&mut self, key: impl Into<Vec<u8>>, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.put(key, value),
            None => self.delete(key),
        }
    }

    /// Whether the record at `key` is among those that change.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.changes.contains_key(key)
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether it is time to apply them, so that no batch grows without bound.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= 512 || self.bytes >= 1 << 20
    }

    /// The changes by key.
    pub(crate) fn into_map(self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
        self.changes
    }
}

impl Records {
    pub(crate) fn over(kv: Arc<dyn Kv>) -> Self {
        Self { kv, locks: Table::ALL.map(|_| RwLock::new(())) }
    }

    /// See [`Kv::renew`].
    pub(crate) fn renew(&self) -> Result<bool, StoreError> {
        self.kv.renew()
    }

    fn lock(&self, table: Table) -> &RwLock<()> {
        &self.locks[table as usize - 1]
    }

    /// The value of the record at `key`.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _shared = self.lock(table).read();
        let mut at = chunk_key(key, 0);
        let Some(first) = self.kv.get(table, &at)? else { return Ok(None) };
        let (count, content) = open_first(table, &at, &first)?;
        let mut value = content.to_vec();
        for chunk in 1..count {
            number(&mut at, chunk);
            let next = self.kv.get(table, &at)?.ok_or_else(|| missing(table, chunk, count))?;
            value.extend_from_slice(open(table, &at, &next)?);
        }
        Ok(Some(value))
    }

    /// Applies `changes` as a whole or not at all.
    pub(crate) fn apply(&self, table: Table, changes: Changes) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let _exclusive = self.lock(table).write();
        let mut batch = Batch::default();
        for (key, value) in changes.changes {
            let mut at = chunk_key(&key, 0);
            // What is there may be damaged; then how many chunks it has is unknown, and the damage is reported.
            let before = match self.kv.get(table, &at)? {
                Some(first) => open_first(table, &at, &first)?.0,
                None => 0,
            };
            let after = match &value {
                Some(value) => seal(table, &mut at, value, &mut batch)?,
                None => 0,
            };
            for chunk in after..before {
                number(&mut at, chunk);
                batch.delete(at.clone());
            }
        }
        self.kv.apply(table, batch)
    }

    /// Up to `limit` records in `range`, in `direction`. The bounds of the range are keys of records.
    pub(crate) fn scan(
        &self,
        table: Table,
        range: &Range,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<KeyValue>, StoreError> {
        let _shared = self.lock(table).read();
        let mut join = Join { table, direction, key: Vec::new(), parts: Vec::new(), count: 0, found: Vec::new() };
        self.kv.scan(table, range, direction, &mut |key, value| {
            join.add(key, value)?;
            Ok(if join.found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if join.parts.is_empty() { Ok(join.found) } else { Err(missing(table, 0, join.count)) }
    }

    /// Shows `visit` every record in `range`, forwards. It may come back to the store.
    pub(crate) fn for_each(
        &self,
        table: Table,
        range: Range,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        const AT_ONCE: usize = 512;
        let mut rest = range;
        loop {
            let found = self.scan(table, &rest, Direction::Forward, AT_ONCE)?;
            for (key, value) in &found {
                visit(key, value)?;
            }
            match found.last() {
                Some((last, _)) if found.len() == AT_ONCE => rest = rest.after(&behind(last)),
                _ => return Ok(()),
            }
        }
    }

    /// Removes every record of `table`.
    pub(crate) fn clear(&self, table: Table) -> Result<(), StoreError> {
        let _exclusive = self.lock(table).write();
        self.kv.clear(table)
    }

    /// Returns when everything applied before is on disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.kv.flush()
    }
}

/// The first key behind all chunks of the record at `key`.
pub(crate) fn behind(key: &[u8]) -> Vec<u8> {
    let mut next = chunk_key(key, u16::MAX);
    next.push(0);
    next
}

fn chunk_key(key: &[u8], chunk: u16) -> Vec<u8> {
    let mut at = Vec::with_capacity(key.len() + CHUNK_BYTES);
    at.extend_from_slice(key);
    at.extend_from_slice(&chunk.to_be_bytes());
    at
}

fn number(at: &mut [u8], chunk: u16) {
    let end = at.len();
    at[end - CHUNK_BYTES..].copy_from_slice(&chunk.to_be_bytes());
}

fn guard(table: Table, at: &[u8], content: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&[table as u8]);
    crc32c::crc32c_append(crc32c::crc32c_append(crc, at), content)
}

/// Puts the chunks of `value` into `batch` and says how many there are.
fn seal(table: Table, at: &mut [u8], value: &[u8], batch: &mut Batch) -> Result<u16, StoreError> {
    let too_long = || StoreError::TooLong { table, bytes: value.len(), max: RECORD_BYTES_MAX };
    if value.len() > RECORD_BYTES_MAX {
        return Err(too_long());
    }
    let (first, rest) = value.split_at(value.len().min(FIRST_BYTES_MAX));
    let count = u16::try_from(1 + rest.len().div_ceil(NEXT_BYTES_MAX)).map_err(|_| too_long())?;
    let put = |batch: &mut Batch, at: &[u8], content: &[&[u8]]| {
        let mut chunk = vec![0; GUARD_BYTES];
        for part in content {
            chunk.extend_from_slice(part);
        }
        let crc = guard(table, at, &chunk[GUARD_BYTES..]);
        chunk[..GUARD_BYTES].copy_from_slice(&crc.to_be_bytes());
        batch.put(at.to_vec(), chunk);
    };
    number(at, 0);
    put(batch, at, &[&count.to_be_bytes(), first]);
    for (chunk, content) in (1..count).zip(rest.chunks(NEXT_BYTES_MAX)) {
        number(at, chunk);
        put(batch, at, &[content]);
    }
    Ok(count)
}

/// The content of the chunk stored at `at`.
fn open<'a>(table: Table, at: &[u8], chunk: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let damaged = |found: &str| StoreError::damaged(table, format!("{found} at key {}", hex(at)));
    let (crc, content) = chunk.split_first_chunk().ok_or_else(|| damaged("a value without its checksum"))?;
    if u32::from_be_bytes(*crc) != guard(table, at, content) {
        return Err(damaged("a value that does not match its checksum"));
    }
    Ok(content)
}

/// How many chunks the record has whose first chunk is stored at `at`, and that chunk's content.
fn open_first<'a>(table: Table, at: &[u8], chunk: &'a [u8]) -> Result<(u16, &'a [u8]), StoreError> {
    let content = open(table, at, chunk)?;
    match content.split_first_chunk().map(|(count, rest)| (u16::from_be_bytes(*count), rest)) {
        Some((count @ 1.., rest)) => Ok((count, rest)),
        Some((0, _)) | None => Err(StoreError::damaged(table, format!("a record of no chunks at key {}", hex(at)))),
    }
}

fn missing(table: Table, chunk: u16, count: u16) -> StoreError {
    StoreError::damaged(table, format!("chunk {chunk} of a record of {count} is missing"))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
        text
    })
}

/// Puts the chunks that a scan meets back together.
struct Join {
    table: Table,
    direction: Direction,
    /// The key of the record that is being put together.
    key: Vec<u8>,
    /// Its chunks so far, in the order of the scan.
    parts: Vec<Vec<u8>>,
    /// How many chunks it has in all, as far as that is known.
    count: u16,
    found: Vec<KeyValue>,
}

impl Join {
    fn add(&mut self, at: &[u8], chunk: &[u8]) -> Result<(), StoreError> {
        let table = self.table;
        let Some((key, number)) = at.split_last_chunk::<CHUNK_BYTES>() else {
            return Err(StoreError::damaged(table, format!("the key {} is too short", hex(at))));
        };
        let number = u16::from_be_bytes(*number);
        let (count, content) = match number {
            0 => open_first(table, at, chunk)?,
            1.. => (0, open(table, at, chunk)?),
        };
        if self.parts.is_empty() {
            self.key.clear();
            self.key.extend_from_slice(key);
            self.count = match self.direction {
                Direction::Forward => count,
                Direction::Backward => number.checked_add(1).ok_or_else(|| missing(table, 0, u16::MAX))?,
            };
        }
        let met = self.parts.len();
        let expected = match self.direction {
            Direction::Forward => met,
            Direction::Backward => usize::from(self.count).checked_sub(met + 1).ok_or_else(|| missing(table, 0, 0))?,
        };
        if self.key != key || usize::from(number) != expected || (number == 0 && count != self.count) {
            return Err(missing(table, number, self.count));
        }
        self.parts.push(content.to_vec());
        if self.parts.len() == usize::from(self.count) {
            if self.direction == Direction::Backward {
                self.parts.reverse();
            }
            let value = if self.parts.len() == 1 { self.parts.pop().unwrap_or_default() } else { self.parts.concat() };
            self.parts.clear();
            self.found.push((std::mem::take(&mut self.key), value));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::memory::MemoryKv;
    use super::*;

    const TABLE: Table = Table::Orders;

    fn put(records: &Records, key: &[u8], value: Vec<u8>) {
        let mut changes = Changes::default();
        changes.put(key, value);
        records.apply(TABLE, changes).unwrap();
    }

    fn raw(kv: &MemoryKv) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        kv.scan(TABLE, &Range::all(), Direction::Forward, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        found
    }

    #[test]
    fn lengths_around_a_chunk_come_back_and_no_stored_value_is_longer_than_allowed() {
        for length in [0, 1, FIRST_BYTES_MAX - 1, FIRST_BYTES_MAX, FIRST_BYTES_MAX + 1, 8187, 8188, 100_000] {
            let kv = Arc::new(MemoryKv::default());
            let records = Records::over(kv.clone());
            let value: Vec<u8> = (0..length).map(|i| u8::try_from(i % 251).unwrap()).collect();
            put(&records, b"key", value.clone());
            assert_eq!(records.get(TABLE, b"key").unwrap(), Some(value.clone()), "{length}");
            assert!(raw(&kv).iter().all(|(_, stored)| stored.len() <= VALUE_BYTES_MAX));
            for direction in [Direction::Forward, Direction::Backward] {
                let found = records.scan(TABLE, &Range::all(), direction, 9).unwrap();
                assert_eq!(found, [(b"key".to_vec(), value.clone())], "{length} {direction:?}");
            }
        }
    }

    #[test]
    fn a_shorter_value_leaves_nothing_of_a_longer_one() {
        let kv = Arc::new(MemoryKv::default());
        let records = Records::over(kv.clone());
        put(&records, b"a", vec![1; 20_000]);
        put(&records, b"b", vec![2; 20_000]);
        assert_eq!(raw(&kv).len(), 10);
        put(&records, b"a", vec![3; 5_000]);
        assert_eq!(raw(&kv).len(), 7);
        assert_eq!(records.get(TABLE, b"a").unwrap(), Some(vec![3; 5_000]));
        let mut changes = Changes::default();
        changes.delete(b"a".as_slice());
        records.apply(TABLE, changes).unwrap();
        assert_eq!(records.get(TABLE, b"a").unwrap(), None);
        assert_eq!(raw(&kv).len(), 5);
    }

    #[test]
    fn the_last_change_of_a_key_wins_and_the_others_leave_nothing() {
        let kv = Arc::new(MemoryKv::default());
        let records = Records::over(kv.clone());
        let mut changes = Changes::default();
        changes.put(b"a".as_slice(), vec![1; 20_000]);
        changes.delete(b"a".as_slice());
        changes.put(b"a".as_slice(), vec![2; 10]);
        records.apply(TABLE, changes).unwrap();
        assert_eq!(records.get(TABLE, b"a").unwrap(), Some(vec![2; 10]));
        assert_eq!(raw(&kv).len(), 1);
    }

    #[test]
    fn too_long_a_value_is_refused() {
        let records = Records::over(Arc::new(MemoryKv::default()));
        let mut changes = Changes::default();
        changes.put(b"a".as_slice(), vec![0; RECORD_BYTES_MAX + 1]);
        assert!(matches!(records.apply(TABLE, changes), Err(StoreError::TooLong { .. })));
    }

    #[test]
    fn for_each_meets_every_record_once_whatever_its_length() {
        let records = Records::over(Arc::new(MemoryKv::default()));
        for i in 0..1500_u16 {
            put(&records, &i.to_be_bytes(), vec![7; if i % 100 == 11 { 9_000 } else { 3 }]);
        }
        let mut seen = 0_u16;
        records
            .for_each(TABLE, Range::all(), |key, _| {
                assert_eq!(key, seen.to_be_bytes());
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, 1500);
    }

    #[test]
    fn a_missing_chunk_is_damage() {
        for gone in 0..3 {
            let kv = Arc::new(MemoryKv::default());
            let records = Records::over(kv.clone());
            put(&records, b"a", vec![1; 10_000]);
            put(&records, b"b", vec![1; 10]);
            let mut batch = Batch::default();
            batch.delete(chunk_key(b"a", gone));
            kv.apply(TABLE, batch).unwrap();
            for direction in [Direction::Forward, Direction::Backward] {
                assert!(records.scan(TABLE, &Range::all(), direction, 9).unwrap_err().is_damage(), "{gone}");
            }
            match records.get(TABLE, b"a") {
                Ok(found) => assert!(found.is_none() && gone == 0),
                Err(error) => assert!(error.is_damage()),
            }
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_damage(length in 0_usize..9_000, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let kv = Arc::new(MemoryKv::default());
            let records = Records::over(kv.clone());
            put(&records, b"key", vec![5; length]);
            let chunks = raw(&kv);
            let (key, stored) = &chunks[at.index(chunks.len())];
            let byte = at.index(stored.len());
            kv.damage(TABLE, key, |value| value[byte] ^= 1 << bit);
            prop_assert!(records.get(TABLE, b"key").unwrap_err().is_damage());
            prop_assert!(records.scan(TABLE, &Range::all(), Direction::Backward, 9).unwrap_err().is_damage());
        }

        #[test]
        fn a_value_under_another_key_is_damage(value in prop::collection::vec(any::<u8>(), 0..50)) {
            let kv = Arc::new(MemoryKv::default());
            let records = Records::over(kv.clone());
            put(&records, b"a", value);
            let (_, stored) = raw(&kv).remove(0);
            let mut batch = Batch::default();
            batch.put(chunk_key(b"b", 0), stored);
            kv.apply(TABLE, batch).unwrap();
            prop_assert!(records.get(TABLE, b"b").unwrap_err().is_damage());
        }
    }
}

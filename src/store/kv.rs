//! The few operations that the store needs of a key-value engine. Two engines exist, [`SledKv`](super::sled::SledKv)
//! and [`MemoryKv`](super::memory::MemoryKv); both pass the suite below.
//!
//! What an engine promises: a batch is there as a whole or not at all, also after the process was killed; a batch is
//! not there without those applied before it; what was flushed survives the loss of power as far as the engine can
//! help.

use std::ops::{Bound, ControlFlow};

use super::error::StoreError;
use super::schema::Table;

/// A key-value engine.
pub trait Kv: Send + Sync {
    /// The value at `key`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Does everything that `batch` holds, or nothing of it. A later change of a key in the same batch wins.
    fn apply(&self, table: Table, batch: Batch) -> Result<(), StoreError>;

    /// Shows `visit` the records in `range`, in the order of their keys or against it, until it breaks or fails.
    fn scan(&self, table: Table, range: &Range, direction: Direction, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// Removes every record of `table`.
    fn clear(&self, table: Table) -> Result<(), StoreError>;

    /// Returns when everything applied before is on disk.
    fn flush(&self) -> Result<(), StoreError>;

    /// Makes ready for writing: an engine that a failed write stopped starts over with what it last flushed. Answers
    /// whether it did. An error leaves it as it is, for reading.
    fn renew(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// What a scan calls with each key and value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Changes of one table that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    bytes: usize,
}

impl Batch {
    /// Stores `value` at `key`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.bytes += key.len() + value.len();
        self.changes.push((key, Some(value)));
    }

    /// Removes what is at `key`.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.bytes += key.len();
        self.changes.push((key, None));
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many changes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// How many bytes its keys and values have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The changes in the order in which they were made: the key, and the value unless it is removed.
    pub fn into_changes(self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        self.changes.into_iter()
    }
}

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key to the largest.
    Forward,
    /// From the largest key to the smallest.
    Backward,
}

/// Where a range begins and where it ends.
pub type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// A key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    start: Bound<Vec<u8>>,
    end: Bound<Vec<u8>>,
}

impl Range {
    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// Keys from `start` up to, but without, `end`. Nothing when `end` is not after `start`.
    #[must_use]
    pub fn between(start: Vec<u8>, end: Vec<u8>) -> Self {
        Self { start: Bound::Included(start), end: Bound::Excluded(end) }
    }

    /// Keys from `start` on.
    #[must_use]
    pub fn from(start: Vec<u8>) -> Self {
        Self { start: Bound::Included(start), end: Bound::Unbounded }
    }

    /// Keys before `end`.
    #[must_use]
    pub fn before(end: Vec<u8>) -> Self {
        Self { start: Bound::Unbounded, end: Bound::Excluded(end) }
    }

    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        // The first key behind all of them is the prefix counted up by one; one of 0xFF only has none.
        while let Some(last) = end.pop() {
            if let Some(next) = last.checked_add(1) {
                end.push(next);
                return Self::between(prefix.to_vec(), end);
            }
        }
        Self::from(prefix.to_vec())
    }

    /// What is left of this range from `start` on.
    #[must_use]
    pub fn after(self, start: &[u8]) -> Self {
        Self { start: Bound::Included(start.to_vec()), end: self.end }
    }

    /// The two bounds, for an engine that takes them apart; nothing when no key can lie between them.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds<'_>> {
        if let (Bound::Included(start), Bound::Excluded(end)) = (&self.start, &self.end)
            && start >= end
        {
            return None;
        }
        Some((self.start.as_ref().map(Vec::as_slice), self.end.as_ref().map(Vec::as_slice)))
    }
}

#[cfg(test)]
pub(super) mod suite {
    //! What every engine has to do. Each engine's own tests call [`run`].

    use super::*;

    const TABLE: Table = Table::Orders;

    fn put(kv: &dyn Kv, table: Table, pairs: &[(&str, &str)]) {
        let mut batch = Batch::default();
        for (key, value) in pairs {
            batch.put(key.as_bytes().to_vec(), value.as_bytes().to_vec());
        }
        kv.apply(table, batch).unwrap();
    }

    pub(in crate::store) fn records(kv: &dyn Kv, table: Table, range: &Range, direction: Direction) -> Vec<String> {
        let mut found = Vec::new();
        kv.scan(table, range, direction, &mut |key, value| {
            found.push(format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value)));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        found
    }

    /// Runs every case, each on a fresh engine that `make` provides.
    pub(in crate::store) fn run<K: Kv>(mut make: impl FnMut() -> K) {
        gets_what_was_put(&make());
        applies_changes_in_order(&make());
        scans_both_ways_within_the_range(&make());
        stops_when_the_visitor_says_so(&make());
        hands_on_the_error_of_a_visitor(&make());
        keeps_tables_apart(&make());
        takes_an_empty_batch(&make());
    }

    fn gets_what_was_put(kv: &dyn Kv) {
        assert_eq!(kv.get(TABLE, b"a").unwrap(), None);
        put(kv, TABLE, &[("a", "1"), ("b", "")]);
        assert_eq!(kv.get(TABLE, b"a").unwrap(), Some(b"1".to_vec()));
        assert_eq!(kv.get(TABLE, b"b").unwrap(), Some(Vec::new()));
        put(kv, TABLE, &[("a", "2")]);
        assert_eq!(kv.get(TABLE, b"a").unwrap(), Some(b"2".to_vec()));
        kv.flush().unwrap();
    }

    fn applies_changes_in_order(kv: &dyn Kv) {
        put(kv, TABLE, &[("gone", "1")]);
        let mut batch = Batch::default();
        batch.delete(b"gone".to_vec());
        batch.put(b"back".to_vec(), b"1".to_vec());
        batch.delete(b"back".to_vec());
        batch.put(b"back".to_vec(), b"2".to_vec());
        batch.put(b"not".to_vec(), b"3".to_vec());
        batch.delete(b"not".to_vec());
        kv.apply(TABLE, batch).unwrap();
        assert_eq!(records(kv, TABLE, &Range::all(), Direction::Forward), ["back=2"]);
    }

    fn scans_both_ways_within_the_range(kv: &dyn Kv) {
        put(kv, TABLE, &[("b", "2"), ("ab", "1"), ("c", "3"), ("a", "0"), ("\u{7f}", "4")]);
        let check = |range: Range, expected: &[&str]| {
            assert_eq!(records(kv, TABLE, &range, Direction::Forward), expected, "{range:?}");
            let mut backward = records(kv, TABLE, &range, Direction::Backward);
            backward.reverse();
            assert_eq!(backward, expected, "{range:?}");
        };
        check(Range::all(), &["a=0", "ab=1", "b=2", "c=3", "\u{7f}=4"]);
        check(Range::between(b"ab".to_vec(), b"c".to_vec()), &["ab=1", "b=2"]);
        check(Range::from(b"bb".to_vec()), &["c=3", "\u{7f}=4"]);
        check(Range::before(b"b".to_vec()), &["a=0", "ab=1"]);
        check(Range::prefix(b"a"), &["a=0", "ab=1"]);
        check(Range::prefix(b""), &["a=0", "ab=1", "b=2", "c=3", "\u{7f}=4"]);
        check(Range::prefix(&[0xFF, 0xFF]), &[]);
        check(Range::between(b"c".to_vec(), b"a".to_vec()), &[]);
        check(Range::between(b"c".to_vec(), b"c".to_vec()), &[]);
    }

    fn stops_when_the_visitor_says_so(kv: &dyn Kv) {
        put(kv, TABLE, &[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut seen = 0;
        kv.scan(TABLE, &Range::all(), Direction::Forward, &mut |_, _| {
            seen += 1;
            Ok(if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
        .unwrap();
        assert_eq!(seen, 2);
    }

    fn hands_on_the_error_of_a_visitor(kv: &dyn Kv) {
        put(kv, TABLE, &[("a", "1"), ("b", "2")]);
        let mut seen = 0;
        let error = kv.scan(TABLE, &Range::all(), Direction::Backward, &mut |_, _| {
            seen += 1;
            Err(StoreError::damaged(TABLE, "a test says so"))
        });
        assert!(error.unwrap_err().is_damage());
        assert_eq!(seen, 1);
    }

    fn keeps_tables_apart(kv: &dyn Kv) {
        for table in Table::ALL {
            put(kv, table, &[("key", table.as_str())]);
        }
        kv.clear(Table::Keys).unwrap();
        for table in Table::ALL {
            let expected = (table != Table::Keys).then(|| table.as_str().as_bytes().to_vec());
            assert_eq!(kv.get(table, b"key").unwrap(), expected);
        }
    }

    fn takes_an_empty_batch(kv: &dyn Kv) {
        kv.apply(TABLE, Batch::default()).unwrap();
        assert_eq!(records(kv, TABLE, &Range::all(), Direction::Forward), [""; 0]);
    }
}

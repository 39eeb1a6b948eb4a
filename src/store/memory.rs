//! An engine in memory: for simulation, for tests, and for the tests of what happens when the disk refuses.

use std::collections::BTreeMap;
use std::io;
use std::ops::{Bound, ControlFlow};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::error::StoreError;
use super::kv::{Batch, Direction, KeyValue, Kv, Range, Visit};
use super::schema::Table;

type Records = HashMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A key-value engine that forgets everything when it is dropped, and fails when it is told to.
#[derive(Debug, Default)]
pub struct MemoryKv {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: Records,
    writes: u64,
    failure: Failure,
}

/// When a [`MemoryKv`] fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failure {
    /// Never.
    #[default]
    Never,
    /// Every batch, clearing and flush fails, once this many more of them went well. What fails changes nothing.
    WritesAfter(u64),
    /// Every operation fails.
    Everything,
}

impl MemoryKv {
    /// Fails as `failure` says from now on.
    pub fn fail(&self, failure: Failure) {
        self.state.lock().failure = failure;
    }

    /// How many batches, clearings and flushes went well.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.state.lock().writes
    }

    /// Changes the stored bytes behind the engine's back, as a bad disk does. Answers whether there were any.
    pub fn damage(&self, table: Table, key: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.state.lock();
        state.records.get_mut(&table).and_then(|records| records.get_mut(key)).map(change).is_some()
    }

    /// A second engine with the same records that never fails: what is there after the process was killed now.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        let records = self.state.lock().records.clone();
        Self { state: Mutex::new(State { records, ..State::default() }) }
    }
}

impl MemoryKv {
    /// The first record within `bounds` in `direction`.
    fn edge(
        &self,
        table: Table,
        (start, end): (&Bound<Vec<u8>>, &Bound<Vec<u8>>),
        direction: Direction,
    ) -> Result<Option<KeyValue>, StoreError> {
        // Of two equal excluded bounds, as a scan that has reached its end leaves them, the map makes a panic.
        if let (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) = (start, end)
            && a >= b
        {
            return Ok(None);
        }
        let state = self.state.lock();
        state.read("read a range of records")?;
        let Some(records) = state.records.get(&table) else { return Ok(None) };
        let bounds = (start.as_ref().map(Vec::as_slice), end.as_ref().map(Vec::as_slice));
        let mut within = records.range::<[u8], _>(bounds);
        let found = match direction {
            Direction::Forward => within.next(),
            Direction::Backward => within.next_back(),
        };
        Ok(found.map(|(key, value)| (key.clone(), value.clone())))
    }
}

impl State {
    fn read(&self, action: &'static str) -> Result<(), StoreError> {
        match self.failure {
            Failure::Never | Failure::WritesAfter(_) => Ok(()),
            Failure::Everything => Err(refusal(action)),
        }
    }

    fn write(&mut self, action: &'static str) -> Result<(), StoreError> {
        match &mut self.failure {
            Failure::Never => {}
            Failure::WritesAfter(0) | Failure::Everything => return Err(refusal(action)),
            Failure::WritesAfter(left) => *left -= 1,
        }
        self.writes += 1;
        Ok(())
    }
}

fn refusal(action: &'static str) -> StoreError {
    StoreError::Io { action, source: io::Error::other("the engine in memory was told to fail") }
}

impl Kv for MemoryKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state.lock();
        state.read("read a record")?;
        Ok(state.records.get(&table).and_then(|records| records.get(key)).cloned())
    }

    fn apply(&self, table: Table, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.write("write a batch")?;
        let records = state.records.entry(table).or_default();
        for (key, value) in batch.into_changes() {
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        Ok(())
    }

    fn scan(&self, table: Table, range: &Range, direction: Direction, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        let Some((start, end)) = range.bounds() else { return Ok(()) };
        let (mut start, mut end) = (start.map(<[u8]>::to_vec), end.map(<[u8]>::to_vec));
        // The visitor may come back to the engine, so it is called without the lock.
        while let Some((key, value)) = self.edge(table, (&start, &end), direction)? {
            if let ControlFlow::Break(()) = visit(&key, &value)? {
                break;
            }
            match direction {
                Direction::Forward => start = Bound::Excluded(key),
                Direction::Backward => end = Bound::Excluded(key),
            }
        }
        Ok(())
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.write("clear a table")?;
        state.records.remove(&table);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.state.lock().write("flush")
    }
}

#[cfg(test)]
mod tests {
    use super::super::kv::suite;
    use super::*;

    #[test]
    fn passes_the_suite() {
        suite::run(MemoryKv::default);
    }

    #[test]
    fn fails_when_told_to_and_changes_nothing_then() {
        let kv = MemoryKv::default();
        let batch = |key: &str| {
            let mut batch = Batch::default();
            batch.put(key.into(), b"1".to_vec());
            batch
        };
        kv.fail(Failure::WritesAfter(1));
        kv.apply(Table::Keys, batch("a")).unwrap();
        assert!(matches!(kv.apply(Table::Keys, batch("b")), Err(StoreError::Io { .. })));
        assert!(kv.flush().is_err());
        assert_eq!(suite::records(&kv, Table::Keys, &Range::all(), Direction::Forward), ["a=1"]);
        kv.fail(Failure::Everything);
        assert!(kv.get(Table::Keys, b"a").is_err());
        assert_eq!(kv.after_kill().get(Table::Keys, b"a").unwrap(), Some(b"1".to_vec()));
        assert_eq!(kv.writes(), 1);
    }
}

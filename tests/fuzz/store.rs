//! What stands in the store: one record of a real checkpoint replaced by what chance made of it, checksum and all.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use packhorse::domain::ids::{OrderId, ProductId};
use packhorse::store::{Batch, Direction, KeyHash, Kv, MemoryKv, Range, Store, StoreError, Table};

use super::harness::Decoder;
use super::mutate::{Chance, mutate};

/// The bytes before the content of a stored value: its checksum.
const GUARD: usize = 4;

/// A record as bytes: its table, its key, its content.
struct Record {
    table: Table,
    key: Vec<u8>,
    content: Vec<u8>,
}

impl Record {
    fn parse(input: &[u8]) -> Option<Self> {
        let (&[ordinal, length], rest) = input.split_first_chunk()?;
        let table = Table::ALL.into_iter().find(|table| *table as u8 == ordinal)?;
        let (key, content) = rest.split_at_checked(length.into())?;
        Some(Self { table, key: key.into(), content: content.into() })
    }

    fn render(&self) -> Vec<u8> {
        let mut bytes = vec![self.table as u8, u8::try_from(self.key.len().min(255)).unwrap()];
        bytes.extend_from_slice(&self.key[..self.key.len().min(255)]);
        bytes.extend_from_slice(&self.content);
        bytes
    }

    /// Puts it into `kv` with the checksum that it should have.
    fn put(self, kv: &MemoryKv) {
        let crc = crc32c::crc32c(&[self.table as u8]);
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, &self.key), &self.content);
        let mut batch = Batch::default();
        batch.put(self.key, [&crc.to_be_bytes()[..], &self.content].concat());
        kv.apply(self.table, batch).unwrap();
    }
}

/// The frozen store of a version.
fn thaw(mut bytes: &[u8]) -> MemoryKv {
    let kv = MemoryKv::default();
    while let Some((&[ordinal, a, b], rest)) = bytes.split_first_chunk() {
        let (key, rest) = rest.split_at(u16::from_be_bytes([a, b]).into());
        let (length, rest) = rest.split_first_chunk().unwrap();
        let (value, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        let table = Table::ALL.into_iter().find(|table| *table as u8 == ordinal).unwrap();
        let mut batch = Batch::default();
        batch.put(key.into(), value.into());
        kv.apply(table, batch).unwrap();
        bytes = rest;
    }
    kv
}

fn records(kv: &MemoryKv) -> Vec<Record> {
    let mut records = Vec::new();
    for table in Table::ALL {
        kv.scan(table, &Range::all(), Direction::Forward, &mut |key, value| {
            records.push(Record { table, key: key.into(), content: value[GUARD..].into() });
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    records
}

/// Reads everything that a start and a reader read.
fn read_all(kv: MemoryKv) -> Result<(), StoreError> {
    let store = Store::over(Arc::new(kv))?;
    let Some(loaded) = store.load()? else { return Ok(()) };
    store.open_orders(&loaded.pages, drop)?;
    for pack in 0..4 {
        store.pack(pack)?;
    }
    store.order(OrderId(1))?;
    for product in 1..4 {
        store.movements(ProductId(product), None, 100)?;
        store.movement_count(ProductId(product))?;
    }
    store.key(&KeyHash::of("key 1"))?;
    store.audit(None, 100)?;
    Ok(())
}

/// Records of every table.
pub(crate) fn store_records() {
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/store/v5.bin")).unwrap();
    let frozen = thaw(&bytes);
    read_all(frozen.after_kill()).expect("the frozen store is sound");
    let corpus: Vec<_> = records(&frozen).iter().map(Record::render).collect();
    let contents: Vec<_> = records(&frozen).into_iter().map(|record| record.content).collect();
    let mut check = |input: &[u8]| {
        let Some(record) = Record::parse(input) else { return };
        let kv = frozen.after_kill();
        record.put(&kv);
        if let Err(error) = read_all(kv) {
            assert!(error.to_string().len() > 10, "an error says what is wrong");
        }
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut record = Record::parse(base).unwrap();
        if chance.one_in(4) {
            mutate(chance, &mut record.key, &[], &[]);
        }
        if !chance.one_in(8) {
            mutate(chance, &mut record.content, &[&[0], &[1], &[255; 8], &[0, 0, 0, 1]], &contents);
        }
        record.render()
    };
    Decoder { name: "store_records", corpus, count: 2_000, mutate: &mut mutate, check: &mut check }.run();
}

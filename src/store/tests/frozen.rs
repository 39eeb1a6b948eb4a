//! Stores as former versions wrote them. The files in `data/store` never change; a new schema gets a new file.
//!
//! A file is a list of records as the engine holds them: table (1 byte), length of the key (2), key, length of the
//! value (4), value.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "data", "store", name].iter().collect()
}

fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.trade(40);
    for id in [3, 3, 3, 4, 5, 5] {
        shop.advance(id);
    }
    shop.edit(7);
    shop
}

fn dump(kv: &MemoryKv) -> Vec<u8> {
    let mut bytes = Vec::new();
    for table in Table::ALL {
        kv.scan(table, &Range::all(), Direction::Forward, &mut |key, value| {
            bytes.push(table as u8);
            bytes.extend(u16::try_from(key.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(key);
            bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(value);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    bytes
}

fn thaw(mut bytes: &[u8]) -> MemoryKv {
    fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(length);
        *bytes = rest;
        taken
    }
    let kv = MemoryKv::default();
    while !bytes.is_empty() {
        let ordinal = take(&mut bytes, 1)[0];
        let table = Table::ALL.into_iter().find(|table| *table as u8 == ordinal).unwrap();
        let length = u16::from_be_bytes(take(&mut bytes, 2).try_into().unwrap());
        let key = take(&mut bytes, usize::from(length)).to_vec();
        let length = u32::from_be_bytes(take(&mut bytes, 4).try_into().unwrap());
        let mut batch = Batch::default();
        batch.put(key, take(&mut bytes, usize::try_from(length).unwrap()).to_vec());
        kv.apply(table, batch).unwrap();
    }
    kv
}

#[test]
fn a_store_of_version_5_reads_as_it_was_written_and_is_still_written_so() {
    let kv = Arc::new(MemoryKv::default());
    over(&kv).write_checkpoint(shop().checkpoint()).unwrap();
    let written = dump(&kv);
    let frozen = fs::read(path("v5.bin")).unwrap_or_else(|_| {
        fs::write(path("v5.bin"), &written).unwrap();
        panic!("{} was missing and has been made; look at it and keep it", path("v5.bin").display());
    });
    shop().check(&over(&Arc::new(thaw(&frozen)))).unwrap();
    assert!(frozen == written, "the bytes that the store writes have changed: that needs a new schema version");
}

/// The first one has no users and keys, the second one no edits of orders, the third one does not know when the orders
/// of a page were placed, the fourth one not whose an idempotency key is: only the journal can say.
#[test]
fn a_store_of_an_older_version_is_refused_so_that_it_is_made_anew() {
    for version in [1, 2, 3, 4] {
        let kv = Arc::new(thaw(&fs::read(path(&format!("v{version}.bin"))).unwrap()));
        let error = Store::over(kv).err().unwrap();
        let text = format!("schema version {version}");
        assert!(error.is_damage() && error.to_string().contains(&text), "{error}");
    }
}

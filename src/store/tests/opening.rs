//! Opening a store: what is set aside, what is kept, and what is nobody's fault.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn filled(directory: &Path) -> Shop {
    let mut shop = Shop::new();
    shop.trade(600);
    let opened = open_or_quarantine(directory, Options::default()).unwrap();
    opened.store.write_checkpoint(shop.checkpoint()).unwrap();
    shop
}

fn set_aside(home: &Path) -> Vec<String> {
    let names = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("damaged")).collect();
    names.sort();
    names
}

#[test]
fn a_missing_store_is_made() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("deep/store");
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert_eq!((opened.loaded, opened.quarantined), (None, None));
}

#[test]
fn a_marked_store_is_set_aside_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    filled(&directory);
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert!(opened.loaded.is_some());
    opened.store.mark_for_rebuild("order 7 could not be read").unwrap();
    drop(opened);
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert_eq!(opened.loaded, None);
    let quarantined = opened.quarantined.unwrap();
    assert_eq!(quarantined.path, home.path().join("store.damaged-1"));
    assert_eq!(quarantined.why, "it was marked for a rebuild: order 7 could not be read");
    drop(opened.store);
    assert_eq!(open_or_quarantine(&directory, Options::default()).unwrap().quarantined, None);
}

#[test]
fn a_store_that_was_in_use_when_the_machine_stopped_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    let note = directory.join(super::super::in_use::IN_USE);
    filled(&directory);
    assert!(!note.exists(), "it was closed well");
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    let this_boot = fs::read(&note).unwrap();
    drop(opened);
    fs::write(&note, &this_boot).unwrap();
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert!(opened.loaded.is_some(), "its process was killed, the machine went on");
    drop(opened);
    for other in [&b"another boot"[..], b""] {
        fs::write(&note, other).unwrap();
        let opened = open_or_quarantine(&directory, Options::default()).unwrap();
        assert_eq!(opened.loaded, None);
        assert_eq!(opened.quarantined.unwrap().why, "the machine stopped while it was in use");
        assert_eq!(fs::read(&note).unwrap(), this_boot, "the new one is in use");
    }
}

#[test]
fn only_the_newest_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    for _ in 0..11 {
        mark_for_rebuild(&directory, "a test").unwrap();
        open_or_quarantine(&directory, Options::default()).unwrap();
    }
    assert_eq!(set_aside(home.path()), ["store.damaged-11"]);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    fs::write(&directory, b"not a directory").unwrap();
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert!(opened.quarantined.is_some());
    assert_eq!(fs::read(home.path().join("store.damaged-1")).unwrap(), b"not a directory");
}

#[test]
fn a_store_that_another_one_has_open_stays_where_it_is() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    let _first = open_or_quarantine(&directory, Options::default()).unwrap();
    let Err(error) = open_or_quarantine(&directory, Options::default()) else { panic!("opened twice") };
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(set_aside(home.path()).is_empty());
}

/// A store in `home` whose schema has another number.
fn of_schema(home: &Path, version: u32) -> PathBuf {
    let directory = home.join("store");
    filled(&directory);
    let kv = SledKv::open(&directory, Options::default()).unwrap();
    let records = record::Records::over(Arc::new(kv));
    let mut changes = record::Changes::default();
    changes.put(records::schema::ser_key(), records::schema::ser_value(version));
    records.apply(Table::Head, changes).unwrap();
    records.flush().unwrap();
    drop(records);
    directory
}

#[test]
fn a_store_of_an_older_schema_is_set_aside() {
    let home = tempfile::tempdir().unwrap();
    let directory = of_schema(home.path(), schema::SCHEMA_VERSION - 1);
    let opened = open_or_quarantine(&directory, Options::default()).unwrap();
    assert!(opened.quarantined.unwrap().why.contains("schema version"));
}

#[test]
fn a_store_of_a_newer_schema_is_refused_and_stays_also_after_a_power_cut() {
    let home = tempfile::tempdir().unwrap();
    let directory = of_schema(home.path(), schema::SCHEMA_VERSION + 1);
    for is_cut_off in [false, true] {
        if is_cut_off {
            fs::write(directory.join("IN_USE"), "another boot").unwrap();
        }
        let Err(error) = open_or_quarantine(&directory, Options::default()) else { panic!("it was opened") };
        assert!(error.to_string().contains("written by a newer Packhorse"), "{error}");
        assert!(set_aside(home.path()).is_empty());
    }
}

#[test]
fn every_file_deleted_leaves_a_fresh_store_or_the_whole_one() {
    for name in ["db", "conf", "blobs"] {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("store");
        let shop = filled(&directory);
        let path = directory.join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let opened = open_or_quarantine(&directory, Options::default()).unwrap();
        match opened.loaded {
            Some(loaded) => assert_eq!(loaded, shop.expected(), "{name}"),
            None => assert_eq!(opened.store.load().unwrap(), None, "{name}"),
        }
    }
}

//! The frozen files: what earlier versions wrote is read for ever.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::build::{Built, Place};
use super::samples;
use crate::domain::entry::Entry;
use crate::journal::Reader;

/// Set it to write the file of the current version, which is done once: when the version is new.
const REWRITE: &str = "PACKHORSE_FREEZE_JOURNAL";

fn frozen(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/journal/{name}.bin"))
}

/// The file is a whole segment: it freezes segment header and frames as well.
fn check(name: &str, all: &[Arc<Entry>], written: Written) {
    let built = Built::new(8_192, &[all[..5].to_vec(), all[5..].to_vec()]);
    if written == Written::Still && env::var_os(REWRITE).is_some() {
        fs::write(frozen(name), &built.bytes).unwrap();
    }
    let bytes = fs::read(frozen(name)).unwrap();
    let place = Place::new(&[]);
    place.put(&built, &bytes);
    let shelf = samples::shelf();
    let mut reader = Reader::open(place.path(), None).unwrap();
    let entries: Vec<_> = std::iter::from_fn(|| reader.next(&shelf).unwrap()).map(|record| record.entry).collect();
    assert_eq!(entries, all);
    assert_eq!(reader.chain(), built.chain_end);
    if written == Written::Still {
        assert_eq!(bytes, built.bytes, "what is written now is what was written then");
    }
}

/// Whether what a file holds is still written as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Still,
    NoLonger,
}

#[test]
fn version_1_is_read_as_it_was_written() {
    check("v1", &samples::all(), Written::Still);
}

/// What was added to version 1 at its end, which older files do not hold.
#[test]
fn users_and_keys_in_version_1_are_read_as_they_were_written() {
    check("v1-access", &samples::access(), Written::NoLonger);
}

#[test]
fn version_2_is_read_as_it_was_written() {
    check("v2", &samples::access(), Written::Still);
}

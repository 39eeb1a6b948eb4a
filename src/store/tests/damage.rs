//! Damage in sled's files: set aside or reported, never a panic, never other data than what was written.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;

/// A store on disk with two checkpoints, and the shop at both.
struct Sample {
    _home: tempfile::TempDir,
    directory: PathBuf,
    shops: [Shop; 2],
}

impl Sample {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("store");
        let opened = open_or_quarantine(&directory, Options::default()).unwrap();
        let (mut first, mut second) = (Shop::new(), Shop::new());
        first.trade(700);
        second.trade(700);
        opened.store.write_checkpoint(first.checkpoint()).unwrap();
        first.written();
        second.written();
        second.trade(900);
        opened.store.write_checkpoint(second.checkpoint()).unwrap();
        drop(opened);
        // Opened once more, so that a snapshot of sled's own is there too.
        drop(open_or_quarantine(&directory, Options::default()).unwrap());
        Self { _home: home, directory, shops: [first, second] }
    }

    /// A copy to be damaged.
    fn copy(&self) -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("store");
        copy_all(&self.directory, &directory);
        (home, directory)
    }

    /// Files with something in them, the largest first.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.metadata().unwrap().len() > 0 && entry.path().is_file());
        let mut files: Vec<_> = files.map(|entry| PathBuf::from(entry.file_name())).collect();
        files.sort_by_key(|file| std::cmp::Reverse(fs::metadata(self.directory.join(file)).unwrap().len()));
        files
    }

    /// Opens the damaged store in `directory` and reads all of it.
    fn check(&self, directory: &Path) -> Outcome {
        let opened = open_or_quarantine(directory, Options::default()).unwrap();
        let Some(loaded) = &opened.loaded else {
            return if opened.quarantined.is_some() { Outcome::SetAside } else { Outcome::Fresh };
        };
        let shop = self.shops.iter().find(|shop| shop.head().sequence == loaded.head.sequence);
        let shop = shop.expect("one of the two checkpoints is there");
        let expected = shop.expected();
        assert_eq!((&loaded.categories, &loaded.products), (&expected.categories, &expected.products));
        assert_eq!((&loaded.balances, &loaded.head), (&expected.balances, &expected.head));
        match shop.check_ledger(&opened.store).and_then(|()| self.check_orders(&opened.store, loaded)) {
            Ok(()) => Outcome::Whole,
            Err(error) => {
                assert!(error.is_damage(), "{error}");
                Outcome::Reported
            }
        }
    }

    /// Every order is as it was at one of the two checkpoints, but never older than the head.
    fn check_orders(&self, store: &Store, loaded: &Loaded) -> Result<(), StoreError> {
        let is_known = |order: &Order| {
            let known = self.shops.iter().filter(|shop| shop.head().sequence >= loaded.head.sequence);
            assert!(known.filter_map(|shop| shop.orders.get(&order.id.0)).any(|known| **known == *order), "{order:?}");
        };
        store.open_orders(&loaded.pages, |order| is_known(&order))?;
        for id in 1..=loaded.head.order_last {
            let order = store.order(OrderId(id))?;
            is_known(&order.expect("an order that the pages know is there or reported"));
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Whole,
    Reported,
    SetAside,
    Fresh,
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_file_cut_anywhere_or_filled_with_garbage_is_noticed() {
    let sample = Sample::new();
    let (_home, untouched) = sample.copy();
    assert_eq!(sample.check(&untouched), Outcome::Whole);
    for file in sample.files() {
        let length = fs::metadata(sample.directory.join(&file)).unwrap().len();
        for part in [0, 1, 50, 90, 99] {
            let (_home, directory) = sample.copy();
            fs::OpenOptions::new()
                .write(true)
                .open(directory.join(&file))
                .unwrap()
                .set_len(length * part / 100)
                .unwrap();
            sample.check(&directory);
        }
        let (_home, directory) = sample.copy();
        fs::write(directory.join(&file), vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
        assert_ne!(sample.check(&directory), Outcome::Whole, "{}", file.display());
    }
    let (_home, directory) = sample.copy();
    for file in sample.files() {
        fs::write(directory.join(&file), b"garbage").unwrap();
    }
    let outcome = sample.check(&directory);
    assert!(matches!(outcome, Outcome::SetAside | Outcome::Fresh), "{outcome:?}");
}

#[test]
fn flipped_bytes_anywhere_are_noticed_or_harmless() {
    let sample = Sample::new();
    let files = sample.files();
    let config = Config { cases: 48, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    let flips = prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..40);
    proptest!(config, |(file in any::<prop::sample::Index>(), flips in flips, mostly_db in 0_u8..4)| {
        let file = if mostly_db > 0 { &files[0] } else { &files[file.index(files.len())] };
        let (_home, directory) = sample.copy();
        let mut bytes = fs::read(directory.join(file)).unwrap();
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        fs::write(directory.join(file), bytes).unwrap();
        sample.check(&directory);
    });
}

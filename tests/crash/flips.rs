//! Bit flips, truncations and losses over all files of a data directory, also after a power cut: the start is refused
//! with a message that names the file, or everything that was acknowledged is present and equal. Never a silent loss,
//! never a wrong answer.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use packhorse::Engine;
use packhorse::actors::{Answered, Failure, IdempotencyKey, Request};
use packhorse::config::Settings;
use packhorse::domain::ids::OrderId;
use packhorse::domain::inventory::PlaceRejection;
use packhorse::domain::order::Order;
use packhorse::domain::origin::Origin;
use tempfile::TempDir;

use super::cases::{Cases, Prng};
use crate::support::Json;
use crate::support::library::{Picture, picture, rows, run, settings, try_picture, work};
use crate::support::process::{MANUAL, Process, Starting, serve};

/// Of so many flips one is shown to the real binary, the others to the library.
const REAL_EVERY: u64 = 50;
/// So many keys are used, each for so many orders, behind the orders that [`work`] places.
const KEYS: u8 = 80;
const LOT: usize = 3;
const WORKED: u64 = 60;

#[test]
fn no_flipped_bit_is_silent() {
    let cases = Cases { test: "no_flipped_bit_is_silent", variable: "CRASH_FLIPS", default: 60, each: 1 };
    let original = Original::make();
    cases.run(|prng, nth| original.harm(prng, nth % REAL_EVERY == 0));
}

/// Whole files that are gone, the store of another boot, or gone as well: what was acknowledged is missed all the same.
#[test]
fn no_lost_segment_is_silent() {
    let original = Original::make();
    let segments: Vec<_> = original.files.iter().filter(|name| is_segment(name)).collect();
    assert!(segments.len() > 2, "{segments:?}");
    // The ends of each length, each segment alone, and all but the last one.
    let ends = (0..segments.len()).map(|from| segments[from..].to_vec());
    let single = segments.iter().map(|segment| vec![*segment]);
    let front = [segments[..segments.len() - 1].to_vec()];
    for (nth, gone) in ends.chain(single).chain(front).enumerate() {
        // Rebuilding takes its time: what became of the store goes round.
        original.lose(&gone, [After::Kill, After::PowerCut, After::NoStore][nth % 3]);
        original.lose(&gone, [After::PowerCut, After::NoStore, After::Kill][nth % 3]);
    }
}

/// In which state the store is found.
#[derive(Clone, Copy, Debug)]
enum After {
    Kill,
    PowerCut,
    NoStore,
}

pub(crate) fn is_segment(name: &Path) -> bool {
    name.extension().is_some_and(|end| end == "seg")
}

/// A data directory as a kill left it, and what is in it.
struct Original {
    home: TempDir,
    files: Vec<PathBuf>,
    picture: Picture,
    shown: Vec<Json>,
}

impl Original {
    fn make() -> Self {
        let (home, living) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let settings = small(living.path());
        run(&settings, async |engine| {
            work(engine).await;
            place(engine, 0..KEYS / 2).await;
        });
        // Behind the checkpoint that closing wrote; a copy of files in use is what a kill leaves.
        run(&settings, async |engine| {
            place(engine, KEYS / 2..KEYS).await;
            copy_all(living.path(), home.path());
        });
        let (copy, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copy_all(home.path(), copy.path());
        copy_all(home.path(), other.path());
        let picture = run(&small(copy.path()), async |engine| picture(engine));
        let shown = Process::start(other.path(), MANUAL).orders();
        let mut files = Vec::new();
        list(home.path(), home.path(), &mut files);
        files.sort();
        assert!(files.len() > 8 && shown.len() > 200, "several segments, a store, and orders: {files:?}");
        Self { home, files, picture, shown }
    }

    /// Starts without the files `gone`: that is refused, names the first of them, and moves nothing.
    fn lose(&self, gone: &[&PathBuf], after: After) {
        let home = tempfile::tempdir().unwrap();
        copy_all(self.home.path(), home.path());
        match after {
            After::Kill => {}
            After::PowerCut => fs::write(home.path().join("store/IN_USE"), "another boot").unwrap(),
            After::NoStore => fs::remove_dir_all(home.path().join("store")).unwrap(),
        }
        for name in gone {
            fs::remove_file(home.path().join(name)).unwrap();
        }
        let names = || {
            let mut files = Vec::new();
            list(home.path(), home.path(), &mut files);
            files.sort();
            files
        };
        let before = names();
        let settings = small(home.path());
        let opened =
            System::new().block_on(async { Engine::open(&settings).await.err().map(|error| error.to_string()) });
        let said = opened.unwrap_or_else(|| panic!("{gone:?}, {after:?}: opened all the same"));
        assert_named(&said, &home.path().join(gone[0]), &format!("{gone:?}, {after:?}"));
        assert!(said.contains("backup"), "it says what helps: {said}");
        assert_eq!(names(), before, "{gone:?}, {after:?}: nothing is moved or made");
    }

    fn harm(&self, prng: &mut Prng, real: bool) {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path();
        copy_all(self.home.path(), directory);
        let name = &self.files[prng.index(self.files.len())];
        let path = directory.join(name);
        let what = change(prng, &path);
        let story = format!("{}: {what}", name.display());
        if real {
            self.start(directory, &path, &story);
        } else {
            self.open(directory, &path, &story);
        }
    }

    fn open(&self, directory: &Path, path: &Path, story: &str) {
        let settings = small(directory);
        for attempt in 0..2 {
            let seen = System::new().block_on(async {
                let engine = match Engine::open(&settings).await {
                    Ok(engine) => engine,
                    Err(error) => return Err(error.to_string()),
                };
                let seen = try_picture(&engine);
                let repeated = self.repeat(&engine).await;
                engine.close().await;
                Ok(seen.map(|seen| (seen, repeated)))
            });
            match seen {
                Ok(Ok((picture, repeated))) => {
                    assert!(repeated, "{story}: a key was applied twice");
                    return assert!(picture == self.picture, "{story}: opened, and not as it was");
                }
                // It says that it cannot, and the next start makes the store anew.
                Ok(Err(error)) => assert_eq!(attempt, 0, "{story}: {error}"),
                Err(said) => return assert_named(&said, path, story),
            }
        }
    }

    /// Whether requests that are repeated get their first answers, or are told that those cannot be read.
    async fn repeat(&self, engine: &Engine) -> bool {
        let mut all = true;
        for key in 0..KEYS {
            let first = u64::from(key) * LOT as u64 + WORKED;
            let wanted = (first + 1..=first + LOT as u64).map(OrderId);
            all &= match placed(engine, key).await {
                Ok(answer) => answer.replayed && answer.value.iter().map(|order| order.id).eq(wanted),
                Err(failure) => matches!(failure, Failure::Archive(_)),
            };
        }
        all
    }

    fn start(&self, directory: &Path, path: &Path, story: &str) {
        match Starting::spawn(serve(directory, MANUAL)).ready() {
            Ok(server) => {
                assert!(server.orders() == self.shown, "{story}: started, and not as it was");
            }
            Err(ended) => {
                assert_eq!(ended.status.code(), Some(1), "{story}: {}", ended.log);
                assert_named(&ended.log, path, story);
            }
        }
    }
}

/// Segments are small, and ended orders are read from the store.
fn small(directory: &Path) -> Settings {
    let mut settings = settings(directory);
    settings.journal.segment_bytes = 8 << 10;
    settings.checkpoint.interval = Duration::from_hours(1);
    settings.retention.ended_orders_in_memory = Duration::ZERO;
    settings.engine.arbiters = 1;
    settings.store.cache_bytes = 1 << 20;
    settings
}

/// Places some orders, each lot with a key of its own.
async fn place(engine: &Engine, keys: Range<u8>) {
    for key in keys {
        placed(engine, key).await.unwrap();
    }
}

async fn placed(engine: &Engine, key: u8) -> Result<Answered<Vec<Arc<Order>>>, Failure<PlaceRejection>> {
    let key = IdempotencyKey { key: format!("key {key}").into(), request: [key; 16] };
    engine.place(Request { key: Some(key), ..Request::of(Origin::Client) }, rows(LOT, 1)).await
}

fn assert_named(said: &str, path: &Path, story: &str) {
    assert!(said.contains(path.to_str().unwrap()), "{story}: the message names the file: {said}");
}

/// Flips a bit of the file, or cuts it; mostly where something was written.
fn change(prng: &mut Prng, path: &Path) -> String {
    let mut bytes = fs::read(path).unwrap();
    if bytes.is_empty() {
        bytes.push(0);
    }
    let mut at = prng.index(bytes.len());
    if prng.chance(80) {
        let written: Vec<_> = (0..bytes.len()).step_by(64).filter(|at| bytes[*at] != 0).collect();
        if !written.is_empty() {
            at = (written[prng.index(written.len())] + prng.index(64)).min(bytes.len() - 1);
        }
    }
    let what = if prng.chance(20) {
        bytes.truncate(at);
        format!("cut at byte {at}")
    } else {
        let bit = prng.below(8);
        bytes[at] ^= 1 << bit;
        format!("bit {bit} of byte {at} flipped")
    };
    fs::write(path, bytes).unwrap();
    what
}

/// Copies what is in the folder `from` into the folder `to`.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The files below `folder`, by their paths from `root` on.
fn list(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, files);
        } else {
            files.push(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

//! Crash states of a volatile disk cache: what the server wrote, synced, renamed, cut and removed is recorded, and
//! directories are put together that a disk may hold when the power fails: each sector and each name that was not
//! synced is old or new. Three of four then lose a whole segment, the witness or the store as well.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::cases::{Cases, Prng};
use super::kills::assert_sound;
use super::lost::{KINDS, Lost};
use super::shim::{Recorded, Shim, recorded};
use super::witness::PIECES;
use crate::support::library::{picture, settings, try_run};
use crate::support::process::{MANUAL, Starting, order, serve};

/// Of so many states one is shown to the real binary, the others to the library.
const REAL_EVERY: u64 = 10;
/// What a disk writes as a whole or not at all, in bytes.
const SECTOR: usize = 512;

#[test]
fn no_state_of_a_volatile_cache_loses_anything() {
    let test = "no_state_of_a_volatile_cache_loses_anything";
    let cases = Cases { test, variable: "CRASH_CACHE_STATES", default: 20, each: 1 };
    let recording = Recording::make();
    cases.run(|prng, nth| recording.lose_power(prng, nth % REAL_EVERY == 0));
}

/// What a process did to the files of its data directory, and what was acknowledged when.
struct Recording {
    calls: Vec<Call>,
    /// How many calls were done when each acknowledgement came, and the id of the last order by then.
    acknowledged: Vec<(usize, usize)>,
    /// Who placed each order, by its id.
    names: Vec<String>,
    /// Where the second process began.
    second: usize,
}

/// Lets a process work that records what it does into `log`. The first one is killed, the second one stopped. Answers
/// how long the record was, and how many orders there were, at each acknowledgement.
fn record(directory: &Path, log: &Path, process: u64, names: &mut Vec<String>) -> Vec<(u64, usize)> {
    let quick = [("PACKHORSE_CHECKPOINT__INTERVAL", "100ms"), ("PACKHORSE_RETENTION__ENDED_ORDERS_IN_MEMORY", "0s")];
    let mut command = serve(directory, &[MANUAL, &quick].concat());
    Shim::new().record(&mut command, directory, log);
    let server = Starting::spawn(command).ready().unwrap();
    let length = || fs::metadata(log).unwrap().len();
    let mut acknowledged = Vec::new();
    if process == 0 {
        server.stock_up(PIECES);
        acknowledged.push((length(), 0));
    }
    for round in 0..20_u64 {
        let rows: u64 = if round.is_multiple_of(4) { 50 } else { 1 };
        let far = "far away ".repeat(300);
        let customers: Vec<_> = (0..rows).map(|row| format!("customer {process}.{round}.{row}")).collect();
        let bodies: Vec<_> = customers.iter().map(|name| order(name, 1).replacen("Here", &far, 1)).collect();
        server.call("POST", "/orders/bulk/", &format!("[{}]", bodies.join(","))).expect(201);
        names.extend(customers);
        acknowledged.push((length(), names.len()));
        thread::sleep(Duration::from_millis(15));
    }
    if process == 0 {
        // Idle by then, so that no call is killed before it is recorded.
        thread::sleep(Duration::from_millis(800));
        server.kill();
    } else {
        assert_eq!(server.stop("-TERM").status.code(), Some(0));
    }
    acknowledged
}

/// The numbers that files and folders have here, by those that they have in their file system, which uses them again.
type Numbers = BTreeMap<u64, u64>;

/// The data directory itself.
const ROOT: u64 = 0;

impl Call {
    fn of(call: Recorded, numbers: &mut Numbers) -> Self {
        let Recorded { kind, inode, number, other, bytes, .. } = call;
        let known = |inode: u64| *numbers.get(&inode).expect("a file is made before it is used");
        let name = || String::from_utf8(bytes.clone()).unwrap();
        match kind {
            1 => Self::Write { file: known(inode), offset: usize::try_from(number).unwrap(), bytes },
            2 => Self::Truncate { file: known(inode), length: usize::try_from(number).unwrap() },
            3 => Self::Sync { inode: known(inode) },
            4 | 5 => {
                let (folder, name) = (known(inode), name());
                let fresh = numbers.values().max().unwrap() + 1 + numbers.len() as u64;
                numbers.insert(number, fresh);
                Self::Name { folder, name, inode: fresh, is_folder: kind == 5 }
            }
            6 => {
                let names = name();
                let (from, to) = names.split_once('/').unwrap();
                let (from, to) = ((known(inode), from.to_owned()), (known(other), to.to_owned()));
                Self::Rename { from, to, inode: known(number) }
            }
            7 => Self::Remove { folder: known(inode), name: name() },
            other => panic!("there is no kind {other}"),
        }
    }
}

/// A call that had its effect.
#[derive(Debug)]
enum Call {
    Write { file: u64, offset: usize, bytes: Vec<u8> },
    Truncate { file: u64, length: usize },
    Sync { inode: u64 },
    Name { folder: u64, name: String, inode: u64, is_folder: bool },
    Rename { from: (u64, String), to: (u64, String), inode: u64 },
    Remove { folder: u64, name: String },
}

impl Recording {
    /// Records a process that starts, takes orders, writes checkpoints, begins a segment, and is killed; and another
    /// one that starts from there and stops.
    fn make() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        fs::create_dir(&directory).unwrap();
        let root = fs::metadata(&directory).unwrap().ino();
        let mut numbers = Numbers::from([(root, ROOT)]);
        let (mut calls, mut acknowledged, mut names, mut second) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for process in 0..2 {
            let log = home.path().join(format!("log {process}"));
            let told = record(&directory, &log, process, &mut names);
            second = calls.len();
            let recorded = recorded(&log);
            for (length, last) in told {
                acknowledged.push((second + recorded.partition_point(|call| call.end <= length), last));
            }
            calls.extend(recorded.into_iter().map(|call| Call::of(call, &mut numbers)));
        }
        assert!(calls.len() > 200, "{} calls", calls.len());
        Self { calls, acknowledged, names, second }
    }

    fn lose_power(&self, prng: &mut Prng, real: bool) {
        // Now and then in the first calls, among which the directory is made.
        let end = if prng.chance(15) { 80 } else { self.calls.len() + 1 };
        let cut = prng.index(end);
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("data");
        let disk = self.disk(cut, prng);
        disk.write(ROOT, &directory);
        another_boot(&directory);
        let acknowledged =
            self.acknowledged.iter().take_while(|(calls, _)| *calls <= cut).last().map(|(_, orders)| *orders);
        let story = format!("after call {cut} of {}, second process at {}", self.calls.len(), self.second);
        let mut lost = Lost::take(KINDS[prng.index(KINDS.len())], prng, &directory);
        if real {
            let server = loop {
                match Starting::spawn(serve(&directory, MANUAL)).ready() {
                    Ok(server) => break server,
                    Err(ended) => match lost.take() {
                        Some(lost) => lost.assert_refused(&ended.log),
                        None => panic!("{story}: it does not start: {}", ended.log),
                    },
                }
            };
            let mut orders = server.orders();
            orders.sort_by_key(|order| order.get("id").unwrap().number());
            let found: Vec<_> = orders.iter().map(|order| order.get("customer_name").unwrap().text()).collect();
            self.compare(&found, acknowledged, &story);
            if acknowledged.is_some() {
                let product = server.get("/products/1/");
                assert_eq!(product.get("reserved").unwrap().number(), orders.len() as u64, "{story}");
                assert_eq!(product.get("on_hand").unwrap().number(), u64::from(PIECES), "{story}");
            }
            server.kill();
            assert_sound(&directory);
        } else {
            let seen = loop {
                match try_run(&settings(&directory), async |engine| picture(engine)) {
                    Ok(seen) => break seen,
                    Err(said) => match lost.take() {
                        Some(lost) => lost.assert_refused(&said),
                        None => panic!("{story}: it does not open: {said}"),
                    },
                }
            };
            let found: Vec<_> = seen.orders.iter().map(|order| order.contact.customer_name()).collect();
            self.compare(&found, acknowledged, &story);
            if acknowledged.is_some() {
                let balance = seen.products[0].balance;
                assert_eq!((u64::from(balance.reserved), balance.on_hand), (found.len() as u64, PIECES), "{story}");
            }
        }
    }

    /// What was acknowledged is there; what is there was asked for, in order and once.
    fn compare(&self, found: &[&str], acknowledged: Option<usize>, story: &str) {
        let least = acknowledged.unwrap_or(0);
        assert!(found.len() >= least, "{story}: {} of {least} orders", found.len());
        assert_eq!(found, &self.names[..found.len()], "{story}");
    }

    /// What the disk may hold after the first `cut` calls.
    fn disk(&self, cut: usize, prng: &mut Prng) -> Disk {
        let mut disk = Disk::default();
        for call in &self.calls[..cut] {
            disk.take(call);
        }
        disk.lose_power(prng);
        disk
    }
}

/// After a loss of power the machine starts anew, which a test cannot have: the store in `directory`, if it was in use,
/// says so of another boot than this one.
pub(crate) fn another_boot(directory: &Path) {
    let noted = directory.join("store/IN_USE");
    if noted.exists() {
        fs::write(noted, "another boot").unwrap();
    }
}

/// What a disk holds for sure, and what its cache holds beyond that.
#[derive(Default)]
struct Disk {
    files: BTreeMap<u64, Vec<u8>>,
    folders: BTreeMap<u64, BTreeMap<String, u64>>,
    /// Changes that were not synced, in order, by the file or the folder.
    cached: BTreeMap<u64, Vec<Change>>,
}

#[derive(Clone)]
enum Change {
    Bytes(usize, Vec<u8>),
    Length(usize),
    Added(String, u64),
    Removed(String),
}

impl Disk {
    fn take(&mut self, call: &Call) {
        match call {
            Call::Write { file, offset, bytes } => self.cache(*file, Change::Bytes(*offset, bytes.clone())),
            Call::Truncate { file, length } => self.cache(*file, Change::Length(*length)),
            Call::Sync { inode } => {
                for change in self.cached.remove(inode).unwrap_or_default() {
                    self.apply(*inode, change);
                }
            }
            Call::Name { folder, name, inode, is_folder } => {
                if *is_folder {
                    self.folders.insert(*inode, BTreeMap::new());
                } else {
                    self.files.insert(*inode, Vec::new());
                }
                self.cache(*folder, Change::Added(name.clone(), *inode));
            }
            Call::Rename { from, to, inode } => {
                self.cache(to.0, Change::Added(to.1.clone(), *inode));
                self.cache(from.0, Change::Removed(from.1.clone()));
            }
            Call::Remove { folder, name } => self.cache(*folder, Change::Removed(name.clone())),
        }
    }

    fn cache(&mut self, inode: u64, change: Change) {
        self.cached.entry(inode).or_default().push(change);
    }

    /// Of what was not synced, any part reached the disk: of a file any of its sectors, and its length or not; of a
    /// folder's names the first so many changes, for a file system keeps a log of those.
    fn lose_power(&mut self, prng: &mut Prng) {
        for (inode, changes) in std::mem::take(&mut self.cached) {
            let mood = prng.below(4);
            let names_kept = prng.index(changes.len() + 1);
            for (nth, change) in changes.into_iter().enumerate() {
                match change {
                    Change::Added(..) | Change::Removed(_) if nth >= names_kept => {}
                    // Nothing at all, or everything, is as likely as any mixture.
                    Change::Bytes(..) | Change::Length(_) if mood == 0 => {}
                    Change::Bytes(offset, bytes) if mood > 1 => self.apply_sectors(inode, offset, &bytes, prng),
                    Change::Length(_) if mood > 1 && prng.chance(50) => {}
                    change => self.apply(inode, change),
                }
            }
        }
    }

    fn apply_sectors(&mut self, file: u64, offset: usize, bytes: &[u8], prng: &mut Prng) {
        let mut at = 0;
        while at < bytes.len() {
            let end = ((offset + at) / SECTOR * SECTOR + SECTOR - offset).min(bytes.len());
            if prng.chance(50) {
                self.apply(file, Change::Bytes(offset + at, bytes[at..end].to_vec()));
            }
            at = end;
        }
    }

    fn apply(&mut self, inode: u64, change: Change) {
        match change {
            Change::Bytes(offset, bytes) => {
                let file = self.files.entry(inode).or_default();
                let end = offset + bytes.len();
                file.resize(file.len().max(end), 0);
                file[offset..end].copy_from_slice(&bytes);
            }
            Change::Length(length) => self.files.entry(inode).or_default().resize(length, 0),
            Change::Added(name, number) => drop(self.folders.entry(inode).or_default().insert(name, number)),
            Change::Removed(name) => drop(self.folders.entry(inode).or_default().remove(&name)),
        }
    }

    fn write(&self, folder: u64, path: &Path) {
        fs::create_dir_all(path).unwrap();
        for (name, inode) in self.folders.get(&folder).into_iter().flatten() {
            let path = path.join(name);
            match self.files.get(inode) {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => self.write(*inode, &path),
            }
        }
    }
}

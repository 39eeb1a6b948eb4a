//! The shim: a library, compiled on the spot, that the server is started with. It counts the calls that change or sync
//! a file of the data directory, and lets something happen at one of them, or records them all. See `shim.c`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// What stands before the bytes of a recorded call.
const HEADER: usize = 32;

/// Compiles the shim, once. Needs the C compiler that building the crate needs as well.
fn library() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = BUILT.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let library = home.path().join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/shim.c");
        let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
        assert!(built.unwrap().success(), "the shim compiles");
        (home, library)
    });
    library
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happens {
    /// The process is killed, before the call.
    KilledBefore,
    /// It is killed when half of what the call writes is written.
    KilledHalfway,
    /// It is killed when the call is done.
    KilledAfter,
    /// The call fails with an error of this number.
    Fails(i32),
}

/// A call as it was recorded; what the numbers mean says `shim.c`.
pub(crate) struct Recorded {
    pub(crate) kind: u32,
    pub(crate) inode: u64,
    pub(crate) number: u64,
    pub(crate) other: u64,
    /// Bytes that were written, or names.
    pub(crate) bytes: Vec<u8>,
    /// How long the record was up to here.
    pub(crate) end: u64,
}

/// Reads a record, up to where a kill may have interrupted it.
pub(crate) fn recorded(log: &Path) -> Vec<Recorded> {
    let record = fs::read(log).unwrap();
    let (mut calls, mut at) = (Vec::new(), 0);
    while let Some(header) = record.get(at..at + HEADER) {
        let number = |from: usize| u64::from_le_bytes(header[from..from + 8].try_into().unwrap());
        let half = |from: usize| u32::from_le_bytes(header[from..from + 4].try_into().unwrap());
        let end = at + HEADER + half(4) as usize;
        let Some(bytes) = record.get(at + HEADER..end) else { break };
        let (inode, other) = (number(8), number(24));
        calls.push(Recorded {
            kind: half(0),
            inode,
            number: number(16),
            other,
            bytes: bytes.to_vec(),
            end: end as u64,
        });
        at = end;
    }
    calls
}

/// What a shim reports to.
pub(crate) struct Shim {
    home: TempDir,
}

impl Shim {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// Puts the shim into `command`, to watch `directory`, which exists. It only counts, until told otherwise.
    pub(crate) fn watch(&self, command: &mut Command, directory: &Path) {
        command.env("LD_PRELOAD", library()).env("SHIM_ROOT", directory).env("SHIM_HIT", self.hit_path());
    }

    /// Lets it record every call into the file `log`.
    pub(crate) fn record(&self, command: &mut Command, directory: &Path, log: &Path) {
        self.watch(command, directory);
        command.env("SHIM_LOG", log);
    }

    /// Lets something happen at the call number `at`, counted from 1.
    pub(crate) fn strike(&self, command: &mut Command, directory: &Path, at: u64, what: Happens) {
        let what = match what {
            Happens::KilledBefore => "before".to_owned(),
            Happens::KilledHalfway => "half".to_owned(),
            Happens::KilledAfter => "after".to_owned(),
            Happens::Fails(number) => number.to_string(),
        };
        self.watch(command, directory);
        command.env("SHIM_AT", at.to_string()).env("SHIM_DO", what);
    }

    /// The call that something happened to: its name and the file. Of a shim that only counts, how many calls there
    /// were.
    pub(crate) fn hit(&self) -> Option<String> {
        fs::read_to_string(self.hit_path()).ok().filter(|text| text.ends_with('\n')).map(|text| text.trim().to_owned())
    }

    fn hit_path(&self) -> PathBuf {
        self.home.path().join("hit")
    }
}

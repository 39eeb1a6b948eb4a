//! Room on the disk for a check, in files that have no name: they are gone when the process is, however it ends, and
//! nobody else can open them or put something in their place.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::links::{Links, OPEN_FILES, OnInterrupt};
use super::{CheckError, Findings};
use crate::journal::is_read_only;
use crate::room;
use crate::store::{self, Loaded, Store, StoreError};

/// Where there is room on a disk for whoever has none of their own.
pub(super) const ELSEWHERE: &str = "/var/tmp";

/// Where files without a name are made.
pub(super) struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// In `TMPDIR` where that is set, otherwise in `usual`, or [`ELSEWHERE`] where nothing can be written into that.
    pub(super) fn beside(usual: &Path) -> Self {
        let named = std::env::var_os("TMPDIR").filter(|name| !name.is_empty()).map(PathBuf::from);
        let usual = || {
            let is_closed = tempfile::tempfile_in(usual).is_err_and(|error| is_read_only(&error));
            if is_closed { PathBuf::from(ELSEWHERE) } else { usual.to_owned() }
        };
        Self { directory: named.unwrap_or_else(usual) }
    }

    /// A new, empty file.
    pub(super) fn file(&self) -> Result<File, CheckError> {
        tempfile::tempfile_in(&self.directory).map_err(self.failed())
    }

    pub(super) fn failed(&self) -> impl Fn(io::Error) -> CheckError {
        let path = self.directory.clone();
        move |error| CheckError::Scratch { path: path.clone(), error }
    }
}

/// A copy of a store, in files without a name.
pub(super) struct StoreCopy {
    /// The directory that holds, for as long as sled opens them, links to the files by their names; none without a
    /// store.
    links: Option<Links>,
    /// Why there is none, where something else is in its place.
    unusable: Option<StoreError>,
    /// Kept open: sled opens them again through the links.
    _files: Vec<File>,
}

impl StoreCopy {
    /// Copies the store in `directory`.
    pub(super) fn of(directory: &Path, scratch: &Scratch, on_interrupt: &OnInterrupt) -> Result<Self, CheckError> {
        let mut files = Vec::new();
        if let Err(error) = store::expect_no_dangling_link(directory).and_then(|()| store::expect_directory(directory))
        {
            return Ok(Self { links: None, unusable: Some(error), _files: files });
        }
        if !directory.exists() {
            return Ok(Self { links: None, unusable: None, _files: files });
        }
        if let Err(error) = store::expect_regular_files(directory) {
            return Ok(Self { links: None, unusable: Some(error), _files: files });
        }
        let bytes = bytes_of(directory).map_err(unreadable(directory))?;
        room::look(&scratch.directory, bytes, "a copy of the store").map_err(scratch.failed())?;
        let links = Links::new(&scratch.directory, on_interrupt).map_err(scratch.failed())?;
        copy_directory(directory, links.path(), scratch, &mut files)?;
        Ok(Self { links: Some(links), unusable: None, _files: files })
    }

    /// Opens the copy. Its names are gone as soon as it is open.
    pub(super) fn open(mut self, findings: &mut Findings) -> Option<(Store, Loaded)> {
        let looked = match (self.unusable.take(), self.links.take()) {
            (Some(error), _) => Err(error),
            (None, None) => return None,
            (None, Some(links)) => store::look_at(links.path(), store::Options::default()),
        };
        match looked {
            Ok((store, loaded)) => loaded.map(|loaded| (store, loaded)),
            Err(error) if error.is_damage() => {
                findings.add(format!("the store is unusable ({error}); a start makes it anew"));
                None
            }
            Err(error) => {
                findings.add(error.to_string());
                None
            }
        }
    }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CheckError {
    let path = path.to_owned();
    move |error| CheckError::Unreadable { path, error }
}

/// How many bytes the files below `directory` have.
fn bytes_of(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { bytes_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

fn copy_directory(from: &Path, to: &Path, scratch: &Scratch, files: &mut Vec<File>) -> Result<(), CheckError> {
    let failed = scratch.failed();
    for entry in fs::read_dir(from).map_err(unreadable(from))? {
        let entry = entry.map_err(&failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(&failed)?.is_dir() {
            fs::create_dir(&target).map_err(&failed)?;
            copy_directory(&entry.path(), &target, scratch, files)?;
            continue;
        }
        let mut copy = scratch.file()?;
        let mut original = File::open(entry.path()).map_err(unreadable(&entry.path()))?;
        io::copy(&mut original, &mut copy)
            .and_then(|_| symlink(format!("{OPEN_FILES}/{}", copy.as_raw_fd()), target))
            .map_err(&failed)?;
        files.push(copy);
    }
    Ok(())
}

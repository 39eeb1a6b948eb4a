//! A backup as it lies on disk: a directory, or an archive of the same files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::manifest::{self, FileEntry, Manifest, Unreadable, hex};
use crate::journal::{Cut, Extent, Reader, Until};
use crate::regular;
use crate::telemetry::Progress;

/// A manifest beyond this is none, in bytes: about a hundred thousand segments.
const MANIFEST_BYTES_MAX: u64 = 32 << 20;

/// A backup whose manifest was read.
#[derive(Debug)]
pub(in crate::app) struct Backup {
    path: PathBuf,
    manifest: Manifest,
    /// Where each file of the manifest lies, in its order.
    extents: Vec<Extent>,
}

impl Backup {
    /// Opens the backup at `path`: its manifest is sound, and the files that it names are there in the size it says.
    pub(in crate::app) fn open(path: &Path) -> Result<Self, BackupError> {
        let found = path.metadata().map_err(BackupError::read(path))?;
        let (text, members) = if found.is_dir() { in_directory(path)? } else { in_archive(path, found.len())? };
        let manifest = Manifest::parse(&text).map_err(|error| match error {
            Unreadable::Newer(found) => BackupError::Newer { path: path.to_owned(), found },
            Unreadable::Damaged(why) => BackupError::damaged(path, manifest::NAME, why),
        })?;
        let place = |file: &FileEntry| members.find(path, file);
        let extents = manifest.files.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { path: path.to_owned(), manifest, extents })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A reader of its journal.
    pub(in crate::app) fn reader(&self) -> Result<Reader, BackupError> {
        Ok(Reader::open_extents(self.extents.clone())?)
    }

    /// Whether every byte is as it was written, and the journal ends where the manifest says.
    pub(in crate::app) fn verify(&self) -> Result<(), BackupError> {
        let progress = Progress::start("verifying the backup", 2 * self.bytes());
        let mut done = 0;
        for (file, extent) in self.manifest.files.iter().zip(&self.extents) {
            let hash = hash(extent, |bytes| progress.set(done + bytes)).map_err(BackupError::read(&extent.path))?;
            if hash.to_hex().as_str() != file.blake3 {
                return Err(BackupError::damaged(&self.path, &file.path, "its content is not what was written"));
            }
            done += file.bytes;
        }
        let cut = Cut::find(self.reader()?, Until::End, |read| progress.set(done + read.bytes_read.min(done)))?;
        if (cut.sequence, hex(cut.chain).as_str()) != (self.manifest.sequence, self.manifest.chain.as_str()) {
            let why =
                format!("it says entry {}, but the journal ends with entry {}", self.manifest.sequence, cut.sequence);
            return Err(BackupError::damaged(&self.path, manifest::NAME, why));
        }
        Ok(())
    }

    /// Its last entry.
    pub(super) fn last(&self) -> u64 {
        self.manifest.sequence
    }

    /// How many bytes its segments have.
    pub(super) fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }
}

fn hash(extent: &Extent, mut progress: impl FnMut(u64)) -> io::Result<blake3::Hash> {
    let mut file = regular::open(&extent.path)?;
    file.seek(SeekFrom::Start(extent.offset))?;
    let mut source = Hashing::new(file.take(extent.len));
    let mut piece = vec![0; 1 << 20];
    while source.read(&mut piece)? > 0 {
        progress(source.bytes);
    }
    Ok(source.hash())
}

/// Reads, and hashes what it read.
pub(super) struct Hashing<R> {
    source: R,
    hasher: blake3::Hasher,
    /// How much was read.
    pub(super) bytes: u64,
}

impl<R> Hashing<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    pub(super) fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.source.read(buffer)?;
        self.hasher.update(&buffer[..len]);
        self.bytes += len as u64;
        Ok(len)
    }
}

/// The files of a backup.
enum Members {
    Files,
    Parts(BTreeMap<String, Extent>),
}

impl Members {
    fn find(&self, backup: &Path, file: &FileEntry) -> Result<Extent, BackupError> {
        let missing = || BackupError::damaged(backup, &file.path, "it is missing");
        let extent = match self {
            Self::Files => {
                let path = backup.join(&file.path);
                let len = path.metadata().map_err(|_| missing())?.len();
                Extent { path, offset: 0, len }
            }
            Self::Parts(parts) => parts.get(&file.path).cloned().ok_or_else(missing)?,
        };
        if extent.len != file.bytes {
            let why = format!("it has {} bytes instead of {}", extent.len, file.bytes);
            return Err(BackupError::damaged(backup, &file.path, why));
        }
        Ok(extent)
    }
}

fn in_directory(path: &Path) -> Result<(Vec<u8>, Members), BackupError> {
    let file = path.join(manifest::NAME);
    let found = match file.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_manifest(path)),
        Err(error) => return Err(BackupError::Read { path: file, error }),
    };
    let text = read_manifest(path, &Extent { path: file, offset: 0, len: found.len() })?;
    Ok((text, Members::Files))
}

/// Looks at the members of an archive without reading what is in them.
fn in_archive(path: &Path, len: u64) -> Result<(Vec<u8>, Members), BackupError> {
    let no_archive = |error: io::Error| BackupError::NoBackup {
        path: path.to_owned(),
        why: format!("it cannot be read as a tar archive ({error})"),
    };
    let mut file = regular::open(path).map_err(BackupError::read(path))?;
    if is_compressed(&mut file).map_err(BackupError::read(path))? {
        let why = "it is compressed: unpack it first (gzip -d, zstd -d, xz -d, bzip2 -d)".to_owned();
        return Err(BackupError::NoBackup { path: path.to_owned(), why });
    }
    let mut archive = tar::Archive::new(file);
    let mut parts = BTreeMap::new();
    for entry in archive.entries_with_seek().map_err(no_archive)? {
        let entry = entry.map_err(no_archive)?;
        // As `tar` names what it packs out of a directory.
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let extent = Extent { path: path.to_owned(), offset: entry.raw_file_position(), len: entry.size() };
        if extent.offset.checked_add(extent.len).is_none_or(|end| end > len) {
            return Err(BackupError::damaged(path, &name, "the archive ends within it"));
        }
        parts.insert(name, extent);
    }
    let manifest = parts.get(manifest::NAME).ok_or_else(|| no_manifest(path))?;
    Ok((read_manifest(path, manifest)?, Members::Parts(parts)))
}

/// Whether `file` begins as a compressed one does. It is at its beginning afterwards.
fn is_compressed(file: &mut File) -> io::Result<bool> {
    const BEGINNINGS: [&[u8]; 4] = [&[0x1F, 0x8B], &[0x28, 0xB5, 0x2F, 0xFD], b"\xFD7zXZ\0", b"BZh"];
    let mut begin = Vec::new();
    Read::by_ref(file).take(8).read_to_end(&mut begin)?;
    file.rewind()?;
    Ok(BEGINNINGS.iter().any(|beginning| begin.starts_with(beginning)))
}

fn read_manifest(backup: &Path, extent: &Extent) -> Result<Vec<u8>, BackupError> {
    if extent.len > MANIFEST_BYTES_MAX {
        return Err(BackupError::damaged(backup, manifest::NAME, format!("it has {} bytes", extent.len)));
    }
    let read = || {
        let mut file = regular::open(&extent.path)?;
        file.seek(SeekFrom::Start(extent.offset))?;
        let mut text = Vec::new();
        file.take(extent.len).read_to_end(&mut text)?;
        Ok(text)
    };
    read().map_err(BackupError::read(&extent.path))
}

fn no_manifest(path: &Path) -> BackupError {
    BackupError::NoBackup { path: path.to_owned(), why: format!("it has no {}", manifest::NAME) }
}

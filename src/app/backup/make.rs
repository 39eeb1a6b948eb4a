//! Making a backup: find the end, copy up to it, read the copy back, give it its name.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::content::{Backup, Hashing};
use super::error::BackupError;
use super::manifest::{self, FORMAT_VERSION, FileEntry, Manifest, hex};
use super::{Backed, Shape};
use crate::app::unfinished::{TargetError, Unfinished};
use crate::domain::time::Timestamp;
use crate::journal::{Cut, CutSegment, DataDirectory, Reader, Until};
use crate::telemetry::Progress;

/// Makes the backup `to` of the data directory `from`, at `now`.
pub(super) fn make(from: &Path, to: &Path, now: Timestamp) -> Result<Backed, BackupError> {
    let journal = DataDirectory::journal_beside(from)?;
    let mut target = Target::begin(to, now)?;
    let reader = Reader::open_live(&journal)?;
    let progress = Progress::start("reading the journal", reader.progress().bytes_total);
    let cut = Cut::find(reader, Until::End, |read| progress.set(read.bytes_read))?;
    drop(progress);

    let bytes = cut.content_bytes();
    let progress = Progress::start("copying the journal", bytes);
    let mut files = Vec::with_capacity(cut.segments.len());
    let mut done = 0;
    for segment in &cut.segments {
        files.push(target.copy(segment, |bytes| progress.set(done + bytes))?);
        done += segment.extent.len;
    }
    drop(progress);
    let manifest = Manifest {
        format: FORMAT_VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now.to_string(),
        sequence: cut.sequence,
        chain: hex(cut.chain),
        last_entry_at: cut.at.map(|at| at.to_string()),
        files,
    };
    let unfinished = target.finish(&manifest)?;
    Backup::open(unfinished.path())?.verify()?;
    unfinished.publish()?;
    Ok(Backed { sequence: cut.sequence, chain: cut.chain, last_entry_at: cut.at, bytes })
}

/// What a backup is written to.
struct Target {
    unfinished: Unfinished,
    form: Form,
    /// When the files were made, as the archive says.
    seconds: u64,
}

enum Form {
    Archive(tar::Builder<BufWriter<File>>),
    Directory,
}

impl Target {
    fn begin(to: &Path, now: Timestamp) -> Result<Self, BackupError> {
        let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or(0);
        match Shape::of(to) {
            Shape::Archive => {
                let (unfinished, file) = Unfinished::file(to)?;
                let form = Form::Archive(tar::Builder::new(BufWriter::with_capacity(1 << 20, file)));
                Ok(Self { unfinished, form, seconds })
            }
            Shape::Directory => {
                let unfinished = Unfinished::directory(to)?;
                let journal = unfinished.path().join(manifest::JOURNAL);
                fs::create_dir(&journal).map_err(TargetError::io(&journal))?;
                Ok(Self { unfinished, form: Form::Directory, seconds })
            }
        }
    }

    /// Copies a segment up to its last entry.
    fn copy(&mut self, segment: &CutSegment, progress: impl FnMut(u64)) -> Result<FileEntry, BackupError> {
        let extent = &segment.extent;
        let opened = File::open(&extent.path)
            .and_then(|mut file| file.seek(SeekFrom::Start(extent.offset)).map(|_| file.take(extent.len)));
        let mut source = Telling { source: Hashing::new(opened.map_err(BackupError::read(&extent.path))?), progress };
        let path = format!("{}{}", manifest::JOURNAL, segment.name());
        self.put(&path, extent.len, &mut source)?;
        Ok(FileEntry { path, bytes: extent.len, blake3: source.source.hash().to_hex().to_string() })
    }

    /// Writes a file of `len` bytes.
    fn put(&mut self, name: &str, len: u64, source: &mut impl Read) -> Result<(), TargetError> {
        match &mut self.form {
            Form::Archive(archive) => {
                let mut header = tar::Header::new_ustar();
                header.set_size(len);
                header.set_mode(0o600);
                header.set_mtime(self.seconds);
                archive.append_data(&mut header, name, source).map_err(TargetError::io(self.unfinished.path()))
            }
            Form::Directory => {
                let path = self.unfinished.path().join(name);
                let copied = File::create_new(&path)
                    .and_then(|mut file| io::copy(source, &mut file).and_then(|_| file.sync_all()));
                copied.map_err(TargetError::io(&path))
            }
        }
    }

    /// Writes the manifest last, and syncs everything.
    fn finish(mut self, manifest: &Manifest) -> Result<Unfinished, TargetError> {
        let text = manifest.render();
        self.put(manifest::NAME, text.len() as u64, &mut text.as_bytes())?;
        let path = self.unfinished.path();
        let synced = match self.form {
            Form::Archive(archive) => archive.into_inner().and_then(|mut buffered| {
                buffered.flush()?;
                buffered.get_ref().sync_all()
            }),
            Form::Directory => sync_directory(&path.join(manifest::JOURNAL)).and_then(|()| sync_directory(path)),
        };
        synced.map_err(TargetError::io(path))?;
        Ok(self.unfinished)
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Reads, and tells how far it has come.
struct Telling<R, F> {
    source: Hashing<R>,
    progress: F,
}

impl<R: Read, F: FnMut(u64)> Read for Telling<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.source.read(buffer)?;
        (self.progress)(self.source.bytes);
        Ok(len)
    }
}

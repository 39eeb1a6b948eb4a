//! What a power cut takes along: `fsck`, a copy that stopped half-way or an operator's hand leaves a whole segment, the
//! journal's witness or the store behind. A start without it is refused and says what is missing and what helps, or
//! everything that was acknowledged is there.

use std::fs;
use std::path::{Path, PathBuf};

use super::cases::Prng;
use super::flips::is_segment;
use super::kills::compare;
use super::witness::Witness;
use crate::support::process::{MANUAL, Starting, check, serve};

/// What is taken away, by turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nothing,
    Segment,
    Witness,
    Store,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Nothing, Kind::Segment, Kind::Witness, Kind::Store];

/// Something that was taken out of a data directory, and lies beside that.
pub(crate) struct Lost {
    kind: Kind,
    path: PathBuf,
    aside: PathBuf,
    /// What the data directory held afterwards.
    left: Vec<PathBuf>,
    directory: PathBuf,
}

impl Lost {
    /// Takes one of `kind` out of `directory`, where there is one.
    pub(crate) fn take(kind: Kind, prng: &mut Prng, directory: &Path) -> Option<Self> {
        let path = match kind {
            Kind::Nothing => return None,
            Kind::Segment => {
                let segments: Vec<_> = files(directory).into_iter().filter(|path| is_segment(path)).collect();
                (!segments.is_empty()).then(|| segments[prng.index(segments.len())].clone())?
            }
            Kind::Witness => directory.join("WITNESS"),
            Kind::Store => directory.join("store"),
        };
        let aside = directory.with_extension("lost");
        if !path.exists() {
            return None;
        }
        fs::rename(&path, &aside).unwrap();
        Some(Self { kind, path, aside, left: files(directory), directory: directory.to_owned() })
    }

    /// What a start without it said, and it ended: it has to be a refusal as it should be. Then it is put back.
    pub(crate) fn assert_refused(self, said: &str) {
        let lost = self.path.display();
        assert_eq!(self.kind, Kind::Segment, "what is made again from the journal keeps no start away: {lost}: {said}");
        assert!(said.contains(self.path.to_str().unwrap()), "{lost} is named: {said}");
        let helps = ["Put the files back", "restore the journal from a backup"];
        assert!(helps.iter().all(|text| said.contains(text)), "it says what helps: {said}");
        assert_eq!(files(&self.directory), self.left, "{lost}: nothing is moved or made by a start that is refused");
        fs::rename(&self.aside, &self.path).unwrap();
    }

    /// Whether it is part of the journal, without which nothing may be called sound.
    fn is_segment(&self) -> bool {
        self.kind == Kind::Segment
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        // Nobody put it back: whoever started without it needs it no more. One of the two it is not, or neither.
        fs::remove_file(&self.aside).or_else(|_| fs::remove_dir_all(&self.aside)).ok();
    }
}

/// As [`compare`], on a directory without `lost`, which is put back when that is refused.
pub(crate) fn compare_without(lost: Lost, witness: &Witness, prng: &mut Prng, directory: &Path) {
    let report = check(directory);
    match Starting::spawn(serve(directory, MANUAL)).ready() {
        Ok(server) => {
            witness.compare(&server, prng);
            server.kill();
        }
        Err(ended) => {
            assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
            let said = String::from_utf8_lossy(&report.stderr);
            assert!(
                lost.is_segment() && !report.status.success(),
                "{}: a check says it too: {said}",
                lost.path.display()
            );
            assert!(said.contains(lost.path.to_str().unwrap()), "a check names it too: {said}");
            lost.assert_refused(&ended.log);
            compare(witness, prng, directory);
        }
    }
}

/// The files below `directory`, but for the lock, which every process makes.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("LOCK") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

//! The manifest: what a backup holds, and how to tell that all of it is there as it was written.
//!
//! ```json
//! {"manifest": {"format": 1, "program": "0.1.0", "taken_at": "...", "sequence": 9, "chain": "<32 hex digits>",
//!  "last_entry_at": "...", "files": [{"path": "journal/00000000000000000001.seg", "bytes": 5184, "blake3": "..."}]},
//!  "blake3": "<of the text of the manifest>"}
//! ```

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::journal::Chain;

/// Its name in a backup.
pub(super) const NAME: &str = "MANIFEST.json";
/// The version that is written, and the newest that is read.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Where the segments are in a backup.
pub(super) const JOURNAL: &str = "journal/";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// The version of Packhorse that made it.
    pub(super) program: String,
    /// When it was made.
    pub(super) taken_at: String,
    /// The last entry.
    pub(super) sequence: u64,
    /// The running hash behind it.
    pub(super) chain: String,
    /// When it was decided.
    pub(super) last_entry_at: Option<String>,
    pub(super) files: Vec<FileEntry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) blake3: String,
}

/// The manifest as it is written: with a hash of its own text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    #[serde(borrow)]
    manifest: &'a RawValue,
    blake3: String,
}

#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// Why a text is no manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Newer(u32),
    Damaged(String),
}

impl Manifest {
    /// Its text.
    pub(super) fn render(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a manifest has text keys only");
        let blake3 = blake3::hash(text.as_bytes()).to_hex().to_string();
        let manifest = serde_json::value::RawValue::from_string(text).expect("what was written as JSON is JSON");
        let sealed = Sealed { manifest: &manifest, blake3 };
        let mut text = serde_json::to_string(&sealed).expect("a manifest has text keys only");
        text.push('\n');
        text
    }

    /// Reads `text`, of which every byte counts.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        let sealed: Sealed<'_> = serde_json::from_slice(text).map_err(damaged)?;
        let text = sealed.manifest.get();
        if blake3::hash(text.as_bytes()).to_hex().as_str() != sealed.blake3 {
            return Err(Unreadable::Damaged("its text is not what was written".to_owned()));
        }
        let Versioned { format } = serde_json::from_str(text).map_err(damaged)?;
        if format > FORMAT_VERSION {
            return Err(Unreadable::Newer(format));
        }
        let manifest: Self = serde_json::from_str(text).map_err(damaged)?;
        // Its paths are only ever those of files right below the backup's journal.
        for file in &manifest.files {
            if !file.path.strip_prefix(JOURNAL).is_some_and(|name| !name.is_empty() && !name.contains('/')) {
                return Err(Unreadable::Damaged(format!("it names a file {:?}", file.path)));
            }
        }
        Ok(manifest)
    }
}

/// A running hash, as the manifest and `check` show it.
pub(super) fn hex(chain: Chain) -> String {
    format!("{:032x}", u128::from_be_bytes(chain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT_VERSION,
            program: "0.1.0".into(),
            taken_at: Timestamp(1_795_320_000_123_456).to_string(),
            sequence: 9,
            chain: hex([0xab; 16]),
            last_entry_at: None,
            files: vec![FileEntry { path: "journal/1.seg".into(), bytes: 5_184, blake3: "00ff".into() }],
        }
    }

    fn sealed(manifest: &str) -> String {
        let blake3 = blake3::hash(manifest.as_bytes()).to_hex();
        format!("{{\"manifest\":{manifest},\"blake3\":\"{blake3}\"}}")
    }

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(Manifest::parse(manifest().render().as_bytes()), Ok(manifest()));
        assert_eq!(manifest().taken_at, "2026-11-22T04:00:00.123456Z");
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let text = manifest().render().into_bytes();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone();
                changed[at] ^= 1 << bit;
                assert!(Manifest::parse(&changed).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn no_text_cut_short_is_read() {
        let text = manifest().render();
        // The last byte is the end of the line.
        for len in 0..text.len() - 1 {
            assert!(Manifest::parse(&text.as_bytes()[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_newer_one_is_named_and_a_path_that_leads_out_is_refused() {
        assert_eq!(Manifest::parse(sealed(r#"{"format":2,"new":true}"#).as_bytes()), Err(Unreadable::Newer(2)));
        for path in ["../etc/passwd", "journal/../../x", "/journal/1.seg", "journal/", "FORMAT"] {
            let mut manifest = manifest();
            manifest.files[0].path = path.into();
            let parsed = Manifest::parse(manifest.render().as_bytes());
            assert!(matches!(parsed, Err(Unreadable::Damaged(_))), "{path}");
        }
    }
}

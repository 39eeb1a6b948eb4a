//! Settings: flags over environment over file over defaults.
//!
//! Each section is a file and declares its settings once: type, default, limits, variable and meaning. The struct, its
//! documentation, the table in docs/settings.md and every check follow from that declaration. Whatever is written down is
//! checked, also where a stronger place overrules it, and everything that is wrong is reported at once.

mod checkpoint;
mod cors;
mod engine;
mod error;
mod general;
mod http;
mod journal;
mod layer;
mod limits;
mod rate;
mod retention;
mod section;
mod sessions;
mod stages;
mod stock;
mod store;
mod table;
mod tls;
mod value;
mod watchdog;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

pub use checkpoint::Checkpoint;
pub use cors::Cors;
pub use engine::Engine;
pub use error::{Origin, Problem, SettingsError};
pub use general::General;
pub use http::Http;
pub use journal::Journal;
pub use layer::Flag;
pub use limits::Limits;
pub use rate::Rate;
pub use retention::Retention;
pub use section::Key;
pub use sessions::Sessions;
pub use stages::Stages;
pub use stock::Stock;
pub use store::Store;
pub use table::table;
pub use tls::Tls;
pub use value::Access;
pub use watchdog::Watchdog;

use layer::{Found, Written};
use section::Texts;

use crate::regular;

/// Every declared setting, section by section.
const KEYS: [&[Key]; 15] = [
    General::KEYS,
    Stages::KEYS,
    Watchdog::KEYS,
    Stock::KEYS,
    Journal::KEYS,
    Checkpoint::KEYS,
    Retention::KEYS,
    Limits::KEYS,
    Http::KEYS,
    Engine::KEYS,
    Store::KEYS,
    Sessions::KEYS,
    Rate::KEYS,
    Tls::KEYS,
    Cors::KEYS,
];

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What stands in no section.
    pub general: General,
    /// How long orders stay in each stage.
    pub stages: Stages,
    /// How often stale orders are looked for.
    pub watchdog: Watchdog,
    /// When stock is low.
    pub stock: Stock,
    /// The journal.
    pub journal: Journal,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// How long things are kept.
    pub retention: Retention,
    /// Bounds on requests and queues.
    pub limits: Limits,
    /// The HTTP server.
    pub http: Http,
    /// The threads of the actors.
    pub engine: Engine,
    /// The store.
    pub store: Store,
    /// How long users stay signed in.
    pub sessions: Sessions,
    /// How many requests a second are taken of one caller.
    pub rate: Rate,
    /// Encryption.
    pub tls: Tls,
    /// Pages of other origins.
    pub cors: Cors,
    /// Whether a start gives up what the journal has lost at its end. Of one start, and so of no file.
    pub accept_shorter_journal: bool,
    /// What all of this was read from.
    texts: Texts,
}

/// Where settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Given on the command line.
    pub flags: Vec<Flag>,
    /// The environment of the process, all of it; only what begins with `PACKHORSE_` is looked at.
    pub environment: Vec<(OsString, OsString)>,
    /// The settings file, where one was named.
    pub file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::read(&defaults())
    }
}

impl Settings {
    /// Reads and checks the settings of all `sources`.
    pub fn load(sources: Sources) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let mut found = match sources.file {
            Some(path) => read_file(path).unwrap_or_else(|problem| {
                problems.push(problem);
                Vec::new()
            }),
            None => Vec::new(),
        };
        found.extend(layer::environment(sources.environment));
        found.extend(layer::flags(sources.flags));

        problems.extend(opposed(&found));
        let mut texts = defaults();
        for setting in found {
            match check(setting) {
                Ok((variable, text)) => drop(texts.insert(variable, text)),
                Err(problem) => problems.push(problem),
            }
        }
        let settings = Self::read(&texts);
        problems.extend(settings.contradictions());
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems }) }
    }

    /// Every setting with its value, as text. What the owner of these settings changed in their fields is not in it.
    pub fn in_force(&self) -> impl Iterator<Item = (&'static Key, &str)> {
        KEYS.iter().copied().flatten().map(|key| (key, self.texts.get(key.variable).map_or("", String::as_str)))
    }

    fn read(texts: &Texts) -> Self {
        Self {
            general: General::read(texts),
            stages: Stages::read(texts),
            watchdog: Watchdog::read(texts),
            stock: Stock::read(texts),
            journal: Journal::read(texts),
            checkpoint: Checkpoint::read(texts),
            retention: Retention::read(texts),
            limits: Limits::read(texts),
            http: Http::read(texts),
            engine: Engine::read(texts),
            store: Store::read(texts),
            sessions: Sessions::read(texts),
            rate: Rate::read(texts),
            tls: Tls::read(texts),
            cors: Cors::read(texts),
            accept_shorter_journal: false,
            texts: texts.clone(),
        }
    }

    fn contradictions(&self) -> impl Iterator<Item = Problem> {
        let Limits { body_bytes, bulk_body_bytes, .. } = self.limits;
        let bodies = (bulk_body_bytes < body_bytes)
            .then_some(Problem::Contradiction { first: "limits.bulk_body_bytes", second: "limits.body_bytes" });
        let tls = match (&self.tls.certificate, &self.tls.key) {
            (Some(_), None) => Some(Problem::Missing { given: "tls.certificate", missing: "tls.key" }),
            (None, Some(_)) => Some(Problem::Missing { given: "tls.key", missing: "tls.certificate" }),
            (Some(_), Some(_)) | (None, None) => None,
        };
        bodies.into_iter().chain(tls)
    }
}

/// The flag that would open what another place closes. Overruling in silence is no answer here: one of both is a mistake,
/// and it may be the dangerous one.
fn opposed(found: &[Found]) -> Option<Problem> {
    let is = |setting: &Found, text: &str| {
        setting.name == "access" && matches!(&setting.value, Written::Text(value) if value == text)
    };
    let flag = found.iter().find_map(|setting| match setting.origin {
        Origin::Flag(flag) if is(setting, "insecure-open") => Some(flag),
        Origin::Flag(_) | Origin::Variable(_) | Origin::File(..) => None,
    })?;
    let beside = |setting: &&Found| setting.name == "access" && !matches!(setting.origin, Origin::Flag(_));
    let overruled = found.iter().rfind(beside).filter(|setting| is(setting, "required"))?;
    Some(Problem::Opposed { flag, origin: overruled.origin.clone() })
}

/// How large a settings file may be: some hundred times what all settings take with their comments.
const FILE_BYTES_MAX: u64 = 1 << 20;

fn read_file(path: PathBuf) -> Result<Vec<Found>, Problem> {
    let read = regular::read(&path, FILE_BYTES_MAX);
    match read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8"))) {
        Ok(text) => layer::file(&path, &text),
        Err(error) => Err(Problem::FileUnreadable { path, cause: error.to_string() }),
    }
}

fn defaults() -> Texts {
    KEYS.iter().copied().flatten().map(|key| (key.variable, key.default.to_owned())).collect()
}

/// The variable and the text of a setting that is declared and allowed.
fn check(found: Found) -> Result<(&'static str, String), Problem> {
    let Found { name, value, origin } = found;
    let Some(key) = KEYS.iter().copied().flatten().find(|key| key.name() == name) else {
        return Err(Problem::Unknown { known: known(&name, &origin), name, origin });
    };
    let refused = |found| Problem::Refused { name, origin, found, allowed: key.allowed() };
    match value {
        Written::Text(text) if (key.accepts)(&text) => Ok((key.variable, text)),
        Written::Text(text) => Err(refused(format!("{text:?}"))),
        Written::Other(description) => Err(refused(description.into())),
    }
}

/// The settings that somebody who wrote `name` may have meant: itself in another case, those inside it, those beside it
/// or beside its section, or simply all.
fn known(name: &str, origin: &Origin) -> String {
    let spelled = |key: &Key| match origin {
        Origin::Variable(_) => key.variable.to_owned(),
        Origin::File(..) | Origin::Flag(_) => key.name(),
    };
    let near = |start: &str| -> Vec<_> {
        KEYS.iter().copied().flatten().filter(|key| key.name().starts_with(start)).map(spelled).collect()
    };
    let meant = section::name_of(&name.to_ascii_uppercase());
    let parents = meant.match_indices('.').rev().map(|(dot, _)| &meant[..=dot]);
    let wider =
        [meant.as_str(), &format!("{meant}.")].into_iter().chain(parents).map(near).find(|near| !near.is_empty());
    wider.unwrap_or_else(|| near("")).join(", ")
}

#[cfg(test)]
mod tests;

//! The three places where settings come from, each read into the same form: name, value as text, origin.

use std::ffi::OsString;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{Origin, Problem};
use super::section::{Key, name_of};

/// A setting as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) value: Written,
    pub(super) origin: Origin,
}

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// One value, as text.
    Text(String),
    /// Something that cannot be the value of a setting, described.
    Other(&'static str),
}

/// A setting given as a flag, which goes before everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The flag, with its dashes.
    pub flag: &'static str,
    /// The name of the setting.
    pub name: &'static str,
    /// What was given.
    pub value: String,
}

/// The settings among the flags.
pub(super) fn flags(flags: Vec<Flag>) -> Vec<Found> {
    let found = |Flag { flag, name, value }| Found {
        name: String::from(name),
        value: Written::Text(value),
        origin: Origin::Flag(flag),
    };
    flags.into_iter().map(found).collect()
}

/// The variables of `environment` that are meant for this program. A name in another case is kept as it is, so that it
/// is reported as unknown and not passed over.
pub(super) fn environment(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<Found> {
    let mut all = Vec::new();
    for (variable, value) in environment {
        let Some(variable) = variable.to_str().filter(|name| is_ours(name)) else { continue };
        let name = if variable == variable.to_ascii_uppercase() { name_of(variable) } else { variable.into() };
        let value = match value.into_string() {
            Ok(text) => Written::Text(text),
            Err(_) => Written::Other("text that is not UTF-8"),
        };
        all.push(Found { name, value, origin: Origin::Variable(variable.into()) });
    }
    // The order of an environment is chance; that of messages must not be.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Variables that begin as settings do and are none: the key that the command line calls a server with.
const NO_SETTINGS: [&str; 1] = ["PACKHORSE_KEY"];

fn is_ours(variable: &str) -> bool {
    !NO_SETTINGS.contains(&variable)
        && variable.get(..Key::PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(Key::PREFIX))
}

/// The settings in `text`, the content of the file `path`.
pub(super) fn file(path: &Path, text: &str) -> Result<Vec<Found>, Problem> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let malformed =
        |error: toml::de::Error| Problem::FileMalformed { path: path.into(), cause: shortened(&error.to_string()) };
    let table = DeTable::parse(text).map_err(malformed)?;
    let mut file = File { path, text, found: Vec::new() };
    file.collect("", table.get_ref());
    Ok(file.found)
}

/// The lines of `text`, each with as much as helps to find the place.
fn shortened(text: &str) -> String {
    const LINE_CHARS_MAX: usize = 200;
    let line = |line: &str| line.chars().take(LINE_CHARS_MAX).collect::<String>();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    found: Vec<Found>,
}

impl File<'_> {
    fn collect(&mut self, section: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name =
                if section.is_empty() { key.get_ref().to_string() } else { format!("{section}.{}", key.get_ref()) };
            if let DeValue::Table(inner) = value.get_ref()
                && !inner.is_empty()
            {
                self.collect(&name, inner);
                continue;
            }
            let line = self.text[..key.span().start].matches('\n').count() + 1;
            let origin = Origin::File(self.path.into(), line);
            self.found.push(Found { name, value: written(value.get_ref()), origin });
        }
    }
}

fn written(value: &DeValue<'_>) -> Written {
    match value {
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Integer(digits) if digits.radix() == 10 => Written::Text(digits.as_str().into()),
        DeValue::Integer(digits) => match u64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => Written::Text(number.to_string()),
            Err(_) => Written::Other("a number beyond 64 bits"),
        },
        DeValue::Float(digits) => Written::Text(digits.as_str().into()),
        DeValue::Boolean(yes) => Written::Text(yes.to_string()),
        DeValue::Datetime(_) => Written::Other("a date or time"),
        DeValue::Array(_) => Written::Other("a list"),
        DeValue::Table(_) => Written::Other("a section"),
    }
}

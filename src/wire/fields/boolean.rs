//! `BooleanField`: true or false, also as one of the words and numbers that mean it.

use super::{NULL, Raw, Texts, python, texts};

/// Takes true or false.
pub(crate) fn boolean(raw: Raw<'_>) -> Result<bool, Texts> {
    let value = match raw {
        Raw::Null => return Err(texts(NULL)),
        Raw::Bool(value) => Some(value),
        Raw::Int(text) => python::int(text).and_then(of_int),
        Raw::Float(value) => of_float(value),
        Raw::Str(text) => truth(&text),
        Raw::List(_) | Raw::Dict(_) => None,
    };
    value.ok_or_else(|| texts("Must be a valid boolean."))
}

fn of_int(value: i128) -> Option<bool> {
    match value {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn of_float(value: f64) -> Option<bool> {
    [(0.0, false), (1.0, true)].into_iter().find_map(|(number, meant)| value.eq(&number).then_some(meant))
}

/// What `word` says, in any case.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match &*word.to_ascii_lowercase() {
        "t" | "y" | "yes" | "true" | "on" | "1" => Some(true),
        "f" | "n" | "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

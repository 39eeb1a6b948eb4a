//! A value of a body, as far as a field needs to know it.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// A JSON value that borrows from the body. Numbers keep enough to be written as Python writes them; what is inside a
/// list or an object is looked at only when somebody asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent, of any length.
    Int(&'a str),
    /// Any other number; infinite beyond the range of its type, as in Python.
    Float(f64),
    /// A text, without its escapes.
    Str(Cow<'a, str>),
    /// A list, as it stands in the body.
    List(&'a str),
    /// An object, as it stands in the body.
    Dict(&'a str),
}

impl Raw<'_> {
    /// The name of its type in Python, which error texts show.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
        }
    }
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match text.as_bytes() {
            [b'n', ..] => Self::Null,
            [b't', ..] => Self::Bool(true),
            [b'f', ..] => Self::Bool(false),
            [b'[', ..] => Self::List(text),
            [b'{', ..] => Self::Dict(text),
            [b'"', inside @ .., b'"'] if memchr::memchr(b'\\', inside).is_none() => {
                Self::Str(Cow::Borrowed(&text[1..text.len() - 1]))
            }
            [b'"', ..] => {
                // The text was scanned once already: only half of a surrogate pair is left to refuse.
                let unescaped = serde_json::from_str(text);
                Self::Str(Cow::Owned(unescaped.map_err(|_| D::Error::custom("lone surrogate in a string"))?))
            }
            _ if memchr::memchr3(b'.', b'e', b'E', text.as_bytes()).is_none() => Self::Int(text),
            _ => Self::Float(text.parse().map_err(D::Error::custom)?),
        })
    }
}

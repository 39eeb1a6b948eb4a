//! Reading a body: the members of an object, or those of each row of a list, and nothing else of it.
//!
//! Unknown members are noted and skipped. A known one that is there twice is refused, as a parameter is: to take either
//! could be wrong. Nothing here recurses, so that the depth of a body costs nothing.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Document, Noting, Problem, Raw};

/// The members of an object whose names were asked for, in that order.
pub(crate) type Members<'a, const N: usize> = [Option<Raw<'a>>; N];

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// It is not JSON: the reason and the place.
    Syntax(String),
    /// It is JSON of this Python type, and not what was asked for.
    Kind(&'static str),
    /// It says this member more than once.
    Twice(&'static str),
}

/// Why something is no object that can be read.
#[derive(Clone, Copy)]
enum Odd {
    /// It is of another type.
    Kind(&'static str),
    /// It says this member more than once.
    Twice(&'static str),
}

impl From<&'static str> for Odd {
    fn from(kind: &'static str) -> Self {
        Self::Kind(kind)
    }
}

type Object<'a, const N: usize> = Result<Members<'a, N>, Odd>;

/// The members `names` of the object that `body` is. An empty body counts as an empty object.
pub(crate) fn members<'a, const N: usize>(
    body: impl Into<Document<'a>>,
    names: [&'static str; N],
) -> Result<Members<'a, N>, DocumentError> {
    let Document { bytes, noting } = body.into();
    if bytes.is_empty() {
        return Ok([const { None }; N]);
    }
    read(utf8(bytes)?, Row { names, noting })?.map_err(|odd| match odd {
        Odd::Kind(kind) => DocumentError::Kind(kind),
        Odd::Twice(name) => DocumentError::Twice(name),
    })
}

/// Calls `each` with the members `names` of each row of the list that `body` is.
///
/// `each` sees rows before it is known whether what follows them is JSON: it must have no effect that lasts.
pub(crate) fn for_each_row<'a, const N: usize>(
    body: impl Into<Document<'a>>,
    names: [&'static str; N],
    each: impl FnMut(Result<Members<'a, N>, Problem>),
) -> Result<(), DocumentError> {
    let Document { bytes, noting } = body.into();
    if bytes.is_empty() {
        return Err(DocumentError::Kind("dict"));
    }
    for_each_row_of(utf8(bytes)?, noting, names, each)
}

/// As [`for_each_row`], for a list inside a body.
pub(crate) fn for_each_row_of<'a, const N: usize>(
    list: &'a str,
    noting: Noting<'a>,
    names: [&'static str; N],
    each: impl FnMut(Result<Members<'a, N>, Problem>),
) -> Result<(), DocumentError> {
    read(list, Rows { names, noting, each })?.map_err(DocumentError::Kind)
}

fn utf8(body: &[u8]) -> Result<&str, DocumentError> {
    let named = |what: &str| Err(DocumentError::Syntax(format!("the body begins with a byte order mark; {what}")));
    match body {
        [0xEF, 0xBB, 0xBF, ..] => return named("send it without one"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return named("it is UTF-16: send UTF-8 without one"),
        _ => {}
    }
    std::str::from_utf8(body).map_err(|error| {
        let place = error.valid_up_to();
        DocumentError::Syntax(format!("'utf-8' codec can't decode byte 0x{:02x} in position {place}", body[place]))
    })
}

fn read<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> Result<S::Value, DocumentError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| DocumentError::Syntax(error.to_string()))
}

/// Reads one object.
struct Row<'n, const N: usize> {
    names: [&'static str; N],
    noting: Noting<'n>,
}

/// Reads a list of objects.
struct Rows<'n, const N: usize, F> {
    names: [&'static str; N],
    noting: Noting<'n>,
    each: F,
}

/// Reads the name of a member: its place among the names. One that is not among them is noted.
struct Name<'n>(&'n [&'static str], Noting<'n>);

impl<'de, const N: usize> DeserializeSeed<'de> for Row<'_, N> {
    type Value = Object<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What stands in the place of something else: only the name of its type is of interest.
macro_rules! other_kinds {
    ($($visit:ident($type:ty) => $name:literal),* $(,)?) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Err($name.into()))
        })*
    };
}

impl<'de, const N: usize> Visitor<'de> for Row<'_, N> {
    type Value = Object<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = [const { None }; N];
        let mut twice = None;
        while let Some(known) = map.next_key_seed(Name(&self.names, self.noting))? {
            match known {
                Some(place) => {
                    if members[place].replace(map.next_value()?).is_some() {
                        twice = Some(self.names[place]);
                    }
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(twice.map_or(Ok(members), |name| Err(Odd::Twice(name))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err("list".into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Err("NoneType".into()))
    }

    other_kinds! {
        visit_bool(bool) => "bool", visit_i64(i64) => "int", visit_u64(u64) => "int", visit_f64(f64) => "float",
        visit_str(&str) => "str",
    }
}

impl<'de, const N: usize, F> DeserializeSeed<'de> for Rows<'_, N, F>
where
    F: FnMut(Result<Members<'de, N>, Problem>),
{
    type Value = Result<(), &'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const N: usize, F> Visitor<'de> for Rows<'_, N, F>
where
    F: FnMut(Result<Members<'de, N>, Problem>),
{
    type Value = Result<(), &'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self::Value, A::Error> {
        while let Some(row) = seq.next_element_seed(Row { names: self.names, noting: self.noting })? {
            (self.each)(row.map_err(not_a_row));
        }
        Ok(Ok(()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err("dict"))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Err("NoneType"))
    }

    other_kinds! {
        visit_bool(bool) => "bool", visit_i64(i64) => "int", visit_u64(u64) => "int", visit_f64(f64) => "float",
        visit_str(&str) => "str",
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, found: &str) -> Result<Self::Value, E> {
        let place = self.0.iter().position(|name| *name == found);
        if place.is_none() {
            self.1.note(found);
        }
        Ok(place)
    }
}

/// What is wrong with a row that is no object, or says something twice.
fn not_a_row(odd: Odd) -> Problem {
    match odd {
        Odd::Kind("NoneType") => Problem::list(super::NULL),
        Odd::Kind(kind) => not_a_dictionary(kind),
        Odd::Twice(name) => said_twice(name),
    }
}

/// What is wrong with an object that says `name` more than once.
pub(crate) fn said_twice(name: &'static str) -> Problem {
    Problem::field(name, "This field is there more than once. Give it once.")
}

fn not_a_dictionary(kind: &str) -> Problem {
    Problem::whole(format!("Invalid data. Expected a dictionary, but got {kind}."))
}

/// What is wrong with a body that is no object.
pub(crate) fn not_an_object(kind: &'static str) -> Problem {
    if kind == "NoneType" { Problem::whole("No data provided") } else { not_a_dictionary(kind) }
}

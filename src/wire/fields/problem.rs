//! What is wrong with a body, in the shape and order in which it is answered.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use smallvec::{SmallVec, smallvec};

/// The sentences about one field.
pub(crate) type Texts = SmallVec<[Cow<'static, str>; 1]>;

/// One sentence about a field.
pub(crate) fn texts(text: impl Into<Cow<'static, str>>) -> Texts {
    smallvec![text.into()]
}

/// A tree of sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// `["...", ...]`: about one field, or about everything.
    Texts(Texts),
    /// `{"field": ..., ...}`, in the order of the contract.
    Fields(Vec<(&'static str, Problem)>),
    /// `[{}, {"field": ...}, ...]`: one for each row of a list, empty where nothing is wrong.
    Rows {
        /// How many rows there are.
        count: usize,
        /// The rows with something wrong, by index.
        bad: Vec<(usize, Problem)>,
    },
}

impl Problem {
    /// `{"field": ["text"]}`.
    pub(crate) fn field(field: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Fields(vec![(field, Self::Texts(texts(text)))])
    }

    /// What is wrong with the whole of an object or list: `{"non_field_errors": ["text"]}`.
    pub(crate) fn whole(text: impl Into<Cow<'static, str>>) -> Self {
        Self::field("non_field_errors", text)
    }

    /// `["text"]`.
    pub(crate) fn list(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Texts(texts(text))
    }

    /// How many sentences it holds, about.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Fields(fields) => fields.iter().map(|(_, problem)| problem.len()).sum(),
            Self::Rows { bad, .. } => bad.iter().map(|(_, problem)| problem.len()).sum(),
        }
    }

    /// The row of a list, where only one of them has something wrong.
    pub(crate) fn only_row(&self) -> Option<usize> {
        match self {
            Self::Rows { bad, .. } => match bad.as_slice() {
                [(row, _)] => Some(*row),
                _ => None,
            },
            Self::Texts(_) | Self::Fields(_) => None,
        }
    }
}

impl From<Texts> for Problem {
    fn from(texts: Texts) -> Self {
        Self::Texts(texts)
    }
}

/// Gathers what is wrong with the fields of one object.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<(&'static str, Problem)>);

impl Found {
    /// The value of `field`, or `None` and its problem is noted.
    pub(crate) fn take<T>(&mut self, field: &'static str, checked: Result<T, impl Into<Problem>>) -> Option<T> {
        match checked {
            Ok(value) => Some(value),
            Err(problem) => {
                self.note(field, problem);
                None
            }
        }
    }

    /// Notes that something is wrong with `field`.
    pub(crate) fn note(&mut self, field: &'static str, problem: impl Into<Problem>) {
        self.0.push((field, problem.into()));
    }

    /// `value`, which is there when nothing was noted; otherwise everything that was.
    pub(crate) fn settle<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::Fields(self.0)),
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Texts(texts) => serializer.collect_seq(texts),
            Self::Fields(fields) => serialize_fields(fields, serializer),
            Self::Rows { count, bad } => {
                let mut bad = bad.iter().peekable();
                let mut rows = serializer.serialize_seq(Some(*count))?;
                for index in 0..*count {
                    match bad.next_if(|(row, _)| *row == index) {
                        Some((_, problem)) => rows.serialize_element(problem)?,
                        None => rows.serialize_element(&Self::Fields(Vec::new()))?,
                    }
                }
                rows.end()
            }
        }
    }
}

fn serialize_fields<S: Serializer>(fields: &[(&str, Problem)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (field, problem) in fields {
        map.serialize_entry(field, problem)?;
    }
    map.end()
}

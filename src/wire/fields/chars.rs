//! `CharField`: a text without the white space around it; numbers are taken as Python writes them.

use std::borrow::Cow;

use super::{NULL, Raw, Texts, python, texts};

/// What a text may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chars {
    /// The most characters, where there is a limit.
    length_max: Option<usize>,
    may_be_blank: bool,
}

/// Why somebody did something: it stands in history and ledger for good.
pub(crate) const REASON: Chars = Chars::up_to(Some(500));

impl Chars {
    /// A text of any length that is not blank.
    pub(crate) const ANY: Self = Self { length_max: None, may_be_blank: false };

    /// A text of at most so many characters that is not blank.
    pub(crate) const fn up_to(length_max: Option<usize>) -> Self {
        Self { length_max, may_be_blank: false }
    }

    /// The same, also blank.
    pub(crate) const fn or_blank(self) -> Self {
        Self { may_be_blank: true, ..self }
    }

    /// Takes `raw`.
    pub(crate) fn check<'a>(&self, raw: Raw<'a>) -> Result<Cow<'a, str>, Texts> {
        self.check_and(raw, |_| None)
    }

    /// Takes `raw`; what `further` has to say of the text comes after what is wrong with its length and characters.
    pub(super) fn check_and<'a>(
        &self,
        raw: Raw<'a>,
        further: impl FnOnce(&str) -> Option<&'static str>,
    ) -> Result<Cow<'a, str>, Texts> {
        let text = match raw {
            Raw::Null => return Err(texts(NULL)),
            Raw::Bool(_) | Raw::List(_) | Raw::Dict(_) => return Err(texts("Not a valid string.")),
            Raw::Int(text) => Cow::Borrowed(python::int_text(text)),
            Raw::Float(value) => Cow::Owned(python::float_text(value)),
            Raw::Str(text) => stripped(text),
        };
        if text.is_empty() {
            return if self.may_be_blank { Ok(text) } else { Err(texts("This field may not be blank.")) };
        }
        let mut found = Texts::new();
        if let Some(max) = self.length_max
            && text.len() > max
            && text.chars().count() > max
        {
            found.push(format!("Ensure this field has no more than {max} characters.").into());
        }
        if memchr::memchr(0, text.as_bytes()).is_some() {
            found.push("Null characters are not allowed.".into());
        }
        found.extend(further(&text).map(Cow::Borrowed));
        if found.is_empty() { Ok(text) } else { Err(found) }
    }
}

fn stripped(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(python::strip(text)),
        Cow::Owned(text) => {
            let inside = python::strip(&text);
            if inside.len() == text.len() { Cow::Owned(text) } else { Cow::Owned(inside.to_owned()) }
        }
    }
}

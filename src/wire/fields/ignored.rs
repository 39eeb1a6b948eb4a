//! What of a request is not taken up: members of a body that an endpoint does not know or cannot change, and parameters
//! that it does not have. They have no effect, as with DRF; but their sender is told.

use std::cell::{Cell, RefCell};

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// So many names are told; there may be as many as a body has members.
const NAMES_MAX: usize = 32;
/// So much of a name is told, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// What is escaped of a name, as in an address.
const IN_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The names of what was not taken up, each once, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Ignored {
    names: RefCell<Vec<Box<str>>>,
    /// Whether there were more than are told.
    more: Cell<bool>,
}

/// Where names inside some part of a body are noted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noting<'a> {
    ignored: Option<&'a Ignored>,
    /// What stands before the names: `items.` inside that list.
    path: &'static str,
}

/// A body, and where is noted what of it is not taken up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) noting: Noting<'a>,
}

impl Ignored {
    /// The body `bytes`, what is ignored of which is noted here.
    pub(crate) fn of<'a>(&'a self, bytes: &'a [u8]) -> Document<'a> {
        Document { bytes, noting: Noting { ignored: Some(self), path: "" } }
    }

    /// Notes that `name` behind `path` is not taken up.
    pub(crate) fn note(&self, path: &str, name: &str) {
        let mut end = name.len().min(NAME_BYTES_MAX);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        let name = &name[..end];
        let mut names = self.names.borrow_mut();
        if names.iter().any(|known| known.strip_prefix(path) == Some(name)) {
            return;
        }
        if names.len() < NAMES_MAX {
            names.push(format!("{path}{name}").into());
        } else {
            self.more.set(true);
        }
    }

    /// Adds what `other` noted.
    pub(crate) fn extend(&self, other: &Self) {
        for name in other.names.borrow().iter() {
            self.note("", name);
        }
        self.more.set(self.more.get() || other.more.get());
    }

    /// Whether everything was taken up.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.borrow().is_empty()
    }

    /// The names as they are kept: no more than are told, and each cut where it is long.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.borrow().iter().map(ToString::to_string).collect()
    }

    /// Whether there were more names than are kept.
    pub(crate) fn has_more(&self) -> bool {
        self.more.get()
    }

    /// The names with commas between them, in ASCII.
    pub(crate) fn list(&self) -> String {
        let mut list = String::new();
        for name in self.names.borrow().iter() {
            if !list.is_empty() {
                list.push_str(", ");
            }
            list.extend(utf8_percent_encode(name, IN_NAME));
        }
        if self.more.get() {
            list.push_str(", ...");
        }
        list
    }
}

impl<'a> Noting<'a> {
    /// Notes that `name` is not taken up.
    pub(crate) fn note(self, name: &str) {
        if let Some(ignored) = self.ignored {
            ignored.note(self.path, name);
        }
    }

    /// The same inside the member that `path` leads to.
    pub(crate) fn inside(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// The part `text` of a body.
    pub(crate) fn of(self, text: &'a str) -> Document<'a> {
        Document { bytes: text.as_bytes(), noting: self }
    }
}

impl<'a> From<&'a [u8]> for Document<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, noting: Noting::default() }
    }
}

impl<'a> From<&'a Vec<u8>> for Document<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl<'a> From<&'a Bytes> for Document<'a> {
    fn from(bytes: &'a Bytes) -> Self {
        (&**bytes).into()
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Document<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_once_in_order_and_as_a_header_can_hold_them() {
        let ignored = Ignored::default();
        assert!(ignored.is_empty());
        for name in ["b", "a", "b", "ü, x\r\n", ""] {
            ignored.note("", name);
        }
        ignored.note("items.", "a");
        ignored.note("items.", "a");
        assert_eq!(ignored.list(), "b, a, %C3%BC%2C%20x%0D%0A, , items.a");
    }

    #[test]
    fn however_many_there_are_the_list_is_bounded() {
        let ignored = Ignored::default();
        for number in 0..10_000 {
            ignored.note("", &format!("{number}{}", "ü".repeat(1_000)));
        }
        assert!(ignored.list().len() < NAMES_MAX * (3 * NAME_BYTES_MAX + 2) + 5);
        assert!(ignored.list().ends_with(", ..."));
    }
}

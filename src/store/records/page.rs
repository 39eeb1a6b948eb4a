//! The status codes of 1,024 neighbouring orders, and when the first and the last of them were placed: enough to find
//! the open ones and those of a day, and to list without reading orders.

use super::super::pages::PAGE_ORDERS;
use super::ValueError;
use super::fields::Fields;
use crate::domain::order::Status;
use crate::domain::time::{Bounds, Timestamp};

const SLOTS: usize = 1024;
const _: () = assert!(SLOTS as u64 == PAGE_ORDERS, "a page has a slot for each of its orders");
const ARCHIVED: u8 = 0x80;

/// Where an order stands, in one byte: 0 when there is none, else the status, with the high bit when it is archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCode(u8);

impl StatusCode {
    /// No order.
    pub const ABSENT: Self = Self(0);

    /// Of an order in `status`.
    #[must_use]
    pub fn new(status: Status, archived: bool) -> Self {
        Self(status as u8 | if archived { ARCHIVED } else { 0 })
    }

    /// The status; `None` where there is no order.
    #[must_use]
    pub fn status(self) -> Option<Status> {
        Status::from_code(self.0 & !ARCHIVED)
    }

    /// Whether the order left the lists.
    #[must_use]
    pub fn is_archived(self) -> bool {
        self.0 & ARCHIVED != 0
    }

    /// Whether there is an order that has not ended.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.status().is_some_and(|status| !status.is_terminal())
    }

    /// From its byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        let code = Self(byte);
        (byte == 0 || code.status().is_some()).then_some(code)
    }

    /// Its byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        self.0
    }
}

/// The codes of one page, by slot, and the bounds of when its orders were placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPage {
    codes: Box<[StatusCode; SLOTS]>,
    placed: Bounds,
}

impl Default for StatusPage {
    fn default() -> Self {
        Self { codes: Box::new([StatusCode::ABSENT; SLOTS]), placed: Bounds::default() }
    }
}

impl StatusPage {
    /// The code in `slot`.
    ///
    /// # Panics
    /// When `slot` is 1,024 or more.
    #[must_use]
    pub fn get(&self, slot: usize) -> StatusCode {
        self.codes[slot]
    }

    /// Puts `code` into `slot`, of an order that was placed at `placed_at`.
    ///
    /// # Panics
    /// When `slot` is 1,024 or more.
    pub fn set(&mut self, slot: usize, code: StatusCode, placed_at: Timestamp) {
        self.codes[slot] = code;
        self.placed = self.placed.with(placed_at);
    }

    /// When the first and the last of its orders were placed.
    #[must_use]
    pub fn placed(&self) -> Bounds {
        self.placed
    }

    /// The codes by slot.
    #[must_use]
    pub fn codes(&self) -> &[StatusCode; SLOTS] {
        &self.codes
    }

    /// The slots of the orders that have not ended, with their status.
    pub fn open(&self) -> impl Iterator<Item = (usize, Status)> {
        let open = self.codes.iter().enumerate().filter(|(_, code)| code.is_open());
        open.filter_map(|(slot, code)| Some((slot, code.status()?)))
    }
}

pub(crate) fn ser_key(page: u64) -> [u8; 8] {
    page.to_be_bytes()
}

pub(crate) fn deser_key(key: &[u8]) -> Result<u64, ValueError> {
    let mut fields = Fields::new("key of a status page", key);
    let page = fields.u64_be()?;
    fields.end()?;
    Ok(page)
}

pub(crate) fn ser_value(page: &StatusPage) -> Vec<u8> {
    let mut bytes: Vec<u8> = page.codes.iter().map(|code| code.0).collect();
    bytes.extend(page.placed.earliest.0.to_be_bytes());
    bytes.extend(page.placed.latest.0.to_be_bytes());
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<StatusPage, ValueError> {
    let mut fields = Fields::new("status page", bytes);
    let bytes: [u8; SLOTS] = fields.array()?;
    let mut page = StatusPage::default();
    for (code, byte) in page.codes.iter_mut().zip(bytes) {
        *code = StatusCode::from_byte(byte).ok_or_else(|| fields.bad("status code", byte))?;
    }
    page.placed = Bounds { earliest: Timestamp(fields.i64_be()?), latest: Timestamp(fields.i64_be()?) };
    fields.end()?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code() -> impl Strategy<Value = StatusCode> {
        let some = (prop::sample::select(&Status::ALL[..]), any::<bool>());
        prop_oneof![Just(StatusCode::ABSENT), some.prop_map(|(status, archived)| StatusCode::new(status, archived))]
    }

    proptest! {
        #[test]
        fn round_trips(number: u64, at: i64, codes in prop::collection::vec(code(), SLOTS)) {
            let mut page = StatusPage::default();
            codes.iter().enumerate().for_each(|(slot, code)| page.set(slot, *code, Timestamp(at)));
            prop_assert_eq!(deser_value(&ser_value(&page)).unwrap(), page);
            prop_assert_eq!(deser_key(&ser_key(number)).unwrap(), number);
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: u64, b: u64) {
            prop_assert_eq!(ser_key(a).cmp(&ser_key(b)), a.cmp(&b));
        }
    }

    #[test]
    fn a_code_keeps_status_and_archive_apart() {
        for status in Status::ALL {
            for archived in [false, true] {
                let code = StatusCode::new(status, archived);
                assert_eq!((code.status(), code.is_archived()), (Some(status), archived));
                assert_eq!(code.is_open(), !status.is_terminal());
                assert_eq!(StatusCode::from_byte(code.byte()), Some(code));
            }
        }
        assert_eq!(StatusCode::ABSENT.status(), None);
        assert!(!StatusCode::ABSENT.is_open());
    }

    #[test]
    fn wrong_sizes_and_codes_are_refused() {
        assert!(deser_value(&[0; SLOTS + 15]).is_err());
        assert!(deser_value(&[0; SLOTS + 17]).is_err());
        for byte in [6, 0x7F, ARCHIVED, 0xFF] {
            assert!(deser_value(&[byte; SLOTS + 16]).is_err(), "{byte}");
        }
    }
}

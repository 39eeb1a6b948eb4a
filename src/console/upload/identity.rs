//! Which order a row of a file is, whatever file it comes in: what makes a row have its effect once.
//!
//! A row with a text in its column `order` is that text. Another one is its content, and how many rows before it in its
//! file have the same. Line ends, delimiters, quotes, the order of lines, other rows, and what is in stock have no part
//! in it.

use std::borrow::Cow;

use hashbrown::HashMap;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::actors::{Fulfillment, IdempotencyKey};
use crate::domain::entry::RequestHash;
use crate::domain::ids::OrderId;
use crate::domain::inventory::OrderRequest;
use crate::domain::order::Field;
use crate::domain::time::Timestamp;
use crate::view::ArchiveError;

/// How often the same row may be placed: once, and again when somebody asks for it.
pub(super) const ROUNDS: u8 = 8;

/// Which order a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    name: RequestHash,
    content: RequestHash,
}

/// What was placed before of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Earlier {
    pub(super) id: OrderId,
    pub(super) at: Timestamp,
    /// Whether it had the same content.
    pub(super) is_same: bool,
    /// The round in which it can be placed again.
    pub(super) next: u8,
}

/// Gives the rows of one file their identities.
#[derive(Default)]
pub(super) struct Identities {
    seen: HashMap<RequestHash, u64>,
}

impl Identities {
    /// That of the next row, `order`, with the text `reference`, which is [`normal`], in its column `order`. Without
    /// one it is at least copy number `copy` of its content, counted from 1; which one is answered, and 0 with a text.
    pub(super) fn of(&mut self, reference: &str, order: &OrderRequest, copy: u32) -> (Identity, u64) {
        let content = content(order);
        if !reference.is_empty() {
            return (Identity { name: hash(&[b"order", reference.as_bytes()]), content }, 0);
        }
        let nth = self.seen.entry(content).or_insert(0);
        *nth = (*nth + 1).max(copy.into());
        (Identity { name: hash(&[b"content", &content, &nth.to_be_bytes()]), content }, *nth)
    }
}

impl Identity {
    /// What makes a placement in `round` recognisable. No caller of the API can send such a key: it holds a space.
    pub(super) fn key(&self, round: u8) -> IdempotencyKey {
        let name = u128::from_be_bytes(self.name);
        IdempotencyKey { key: format!("console:upload {name:032x}:{round}").into(), request: self.content }
    }

    /// What was placed before of it, as far as that is remembered. Waits for the disk.
    pub(super) fn earlier(&self, engine: &Fulfillment) -> Result<Option<Earlier>, ArchiveError> {
        let mut found: Option<Earlier> = None;
        // An early round may be forgotten while a later one is not.
        for round in 0..ROUNDS {
            let Some((request, order)) = engine.placed_by(&self.key(round).key)? else { continue };
            let (is_same, next) = (request == self.content, round + 1);
            found = Some(match found {
                Some(known) if known.is_same && !is_same => Earlier { next, ..known },
                Some(_) | None => Earlier { id: order.id, at: order.placed_at, is_same, next },
            });
        }
        Ok(found)
    }
}

/// `text` as texts of files are compared: an accent that is a sign of its own is one with its letter (NFC). To people,
/// and to what recognises a row, both are the same text.
pub(super) fn normal(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

/// A hash of what somebody ordered, however it was written.
fn content(order: &OrderRequest) -> RequestHash {
    let mut lines: Vec<_> = order.lines.iter().map(|line| (line.product, line.quantity)).collect();
    lines.sort_unstable();
    let plain = |text: &str| normal(text.replace("\r\n", "\n").into()).into_owned().into_bytes();
    let contact = Field::ALL.map(|field| plain(order.contact.get(field)));
    let lines =
        lines.iter().map(|(product, quantity)| [product.0, u64::from(*quantity)].map(u64::to_be_bytes).concat());
    let parts: Vec<_> = contact.into_iter().chain(lines).collect();
    hash(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A hash of `parts`, each with its length.
fn hash(parts: &[&[u8]]) -> RequestHash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    let mut hash = RequestHash::default();
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    hash
}

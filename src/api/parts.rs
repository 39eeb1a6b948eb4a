//! Answers that may be large are written in parts, each when the client has taken the one before.
//!
//! What a bulk, a dry run or a page answers is as long as its rows, and each line of an order repeats its product. In one
//! buffer that would be gigabytes within all other bounds, and slow readers would each hold one. In parts a client holds
//! one part, whatever the length. An answer that fits one part is sent as a whole, with its length.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::Stream;

use super::answer::{in_parts, json};

/// A part is about so large: at most by one row, or by one line of a long order.
pub(super) const PART_BYTES: usize = 64 << 10;

/// `status`, and what `write` writes. It is called until it answers that nothing is left, which it may do only where the part
/// is not [full](is_full), and stops where it is.
pub(super) fn answer(
    status: StatusCode,
    mut write: impl FnMut(&mut Vec<u8>) -> bool + Unpin + 'static,
) -> HttpResponse {
    let mut first = Vec::new();
    let is_more = write(&mut first);
    if is_more {
        in_parts(status, Parts { first: Some(first), write: Some(write), is_rested: true })
    } else {
        json(status, first)
    }
}

/// Whether `part` should be sent now.
pub(super) fn is_full(part: &[u8]) -> bool {
    part.len() >= PART_BYTES
}

/// `rows` as a JSON list. `write` writes one of them, which is let go then.
pub(super) fn list<T: Unpin + 'static>(
    status: StatusCode,
    rows: Vec<T>,
    mut write: impl FnMut(T, &mut Vec<u8>) + Unpin + 'static,
) -> HttpResponse {
    let mut rows = rows.into_iter();
    let mut before = b'[';
    answer(status, move |part| {
        while !is_full(part) {
            let Some(row) = rows.next() else {
                if before == b'[' {
                    part.push(before);
                }
                part.push(b']');
                return false;
            };
            part.push(before);
            before = b',';
            write(row, part);
        }
        true
    })
}

/// The parts that are not sent yet.
struct Parts<W> {
    first: Option<Vec<u8>>,
    /// Nothing once all is written.
    write: Option<W>,
    /// Whether others had the thread since the last part.
    is_rested: bool,
}

impl<W: FnMut(&mut Vec<u8>) -> bool + Unpin> Stream for Parts<W> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first.into())));
        }
        // A client that reads as fast as we write would have the thread for itself.
        self.is_rested = !self.is_rested;
        if self.is_rested {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(write) = &mut self.write else { return Poll::Ready(None) };
        let mut part = Vec::with_capacity(PART_BYTES + PART_BYTES / 8);
        if !write(&mut part) {
            self.write = None;
        }
        Poll::Ready(Some(Ok(part.into())))
    }
}

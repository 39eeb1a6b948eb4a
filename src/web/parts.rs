//! Answers that may be large are written in parts, each when the client has taken the one before.
//!
//! What a bulk, a dry run or a page answers is as long as its rows, and each line of an order repeats its product. In
//! one buffer that would be gigabytes within all other bounds, and slow readers would each hold one. In parts a client
//! holds one part, whatever the length. An answer that fits one part is sent as a whole, with its length.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{MessageBody, SizedStream};
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::{Stream, stream};

use super::answer::{in_parts, json};

/// A part is about so large: at most by one row, or by one line of a long order.
pub(crate) const PART_BYTES: usize = 64 << 10;

/// `status`, and what `write` writes. It is called until it answers that nothing is left, which it may do only where
/// the part is not [full](is_full), and stops where it is.
pub(crate) fn answer(
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

/// What is written already, in parts and with its length; `kept` is kept until the last part is taken.
pub(crate) fn of<K: 'static>(body: Vec<u8>, kept: K) -> impl MessageBody + 'static {
    let length = body.len() as u64;
    let next = |(mut rest, kept): (Bytes, K)| {
        let part = rest.split_to(rest.len().min(PART_BYTES));
        ready((!part.is_empty()).then_some((Ok::<_, Infallible>(part), (rest, kept))))
    };
    SizedStream::new(length, stream::unfold((body.into(), kept), next))
}

/// Whether `part` should be sent now.
pub(crate) fn is_full(part: &[u8]) -> bool {
    part.len() >= PART_BYTES
}

/// `rows` as a JSON list. `write` writes one of them, which is let go then.
pub(crate) fn list<T: Unpin + 'static>(
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;

    use actix_web::body::BodySize;

    use super::*;

    #[tokio::test]
    async fn what_is_kept_for_a_body_is_let_go_with_its_last_part() {
        let (body, kept) = (vec![7; 2 * PART_BYTES + 1], Arc::new(()));
        let mut sent = pin!(of(body.clone(), kept.clone()));
        assert_eq!(sent.size(), BodySize::Sized(body.len() as u64));
        let mut taken = Vec::new();
        while let Some(part) = poll_fn(|context| sent.as_mut().poll_next(context)).await {
            assert_eq!(Arc::strong_count(&kept), 2);
            taken.extend(part.ok().unwrap());
        }
        assert_eq!((taken == body, Arc::strong_count(&kept)), (true, 1));
    }
}

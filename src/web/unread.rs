//! Bodies that are not read to their end: too slow, too large, or sent where nobody wants one.
//!
//! A short one that has arrived is read and forgotten, so that the connection can be kept. Otherwise the connection
//! ends with the answer, which says so. Until the answer is out the body is held: the server below would go on reading
//! one in chunks that nobody holds, and put no limit to it, so that a client which sends a chunk now and then would
//! stay for ever. A body that somebody still holds makes it close the connection instead, within the time for clients
//! that do not go.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::Stream;

/// The most of a body that is read only to be forgotten.
const FORGOTTEN_BYTES_MAX: usize = 64 << 10;
/// How long an answer waits for that.
const FORGOTTEN_WITHIN: Duration = Duration::from_millis(100);

/// A body that is read through this, and held by it.
#[derive(Clone)]
struct Held(Rc<Body>);

struct Body {
    payload: RefCell<Payload>,
    has_ended: Cell<bool>,
    /// It failed: nothing more can be read of it.
    is_broken: Cell<bool>,
}

/// An answer that holds the body of its request.
struct Answer {
    body: BoxBody,
    _held: Held,
}

/// What holds the body of a request, where it has one.
pub(crate) struct Unread(Option<Held>);

impl Unread {
    /// Takes hold of the body of `request`.
    pub(crate) fn of(request: &mut ServiceRequest) -> Self {
        let headers = request.headers();
        let has_length = || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
        if !has_length() && !headers.contains_key(TRANSFER_ENCODING) {
            return Self(None);
        }
        let payload = RefCell::new(request.take_payload());
        let held = Held(Rc::new(Body { payload, has_ended: Cell::new(false), is_broken: Cell::new(false) }));
        request.set_payload(Payload::Stream { payload: Box::pin(held.clone()) });
        Self(Some(held))
    }

    /// Sees to it that `response` says whether the connection ends with it, and holds what is left until it is out.
    pub(crate) async fn settle(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let Some(held) = self.0 else { return response };
        let closes = held.0.is_broken.get() || response.response().head().connection_type() == ConnectionType::Close;
        if held.0.has_ended.get() || (!closes && held.forget().await) {
            return response;
        }
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        response.map_body(|_, body| BoxBody::new(Answer { body, _held: held }))
    }
}

impl Held {
    /// Reads the rest of the body where it is short and here; answers whether that was so.
    async fn forget(&self) -> bool {
        let mut body = self.clone();
        let reading = async {
            let mut left = FORGOTTEN_BYTES_MAX;
            while let Some(chunk) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
                match chunk.map(|chunk| left.checked_sub(chunk.len())) {
                    Ok(Some(less)) => left = less,
                    Ok(None) | Err(_) => return false,
                }
            }
            true
        };
        tokio::time::timeout(FORGOTTEN_WITHIN, reading).await.unwrap_or(false)
    }
}

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.0.payload.borrow_mut()).poll_next(context);
        match polled {
            Poll::Ready(None) => self.0.has_ended.set(true),
            Poll::Ready(Some(Err(_))) => self.0.is_broken.set(true),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }
}

impl MessageBody for Answer {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        Pin::new(&mut self.body).poll_next(context).map_err(Into::into)
    }
}

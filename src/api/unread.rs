//! Bodies in chunks that are not read to their end: too slow, too large, or sent where nobody wants one.
//!
//! The server below goes on reading such a body once nobody holds it any more, to keep the connection for the next
//! request, and puts no limit to it: a client that sends a chunk now and then would stay for ever. A body that somebody
//! still holds when the answer is out makes it close the connection instead, within the time for clients that do not go.
//! So it is held until the answer is out.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::Stream;

/// A body that is read through this, and held by it.
#[derive(Clone)]
struct Held(Rc<RefCell<Payload>>);

/// An answer that holds the body of its request.
struct Answer {
    body: BoxBody,
    _held: Held,
}

/// What holds the body of a request, where it comes in chunks.
pub(super) struct Unread(Option<Held>);

impl Unread {
    /// Takes hold of the body of `request`.
    pub(super) fn of(request: &mut ServiceRequest) -> Self {
        if !request.headers().contains_key(TRANSFER_ENCODING) {
            return Self(None);
        }
        let held = Held(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream { payload: Box::pin(held.clone()) });
        Self(Some(held))
    }

    /// Holds it until `response` is out.
    pub(super) fn until_sent(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let Some(held) = self.0 else { return response };
        response.map_body(|_, body| BoxBody::new(Answer { body, _held: held }))
    }
}

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
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

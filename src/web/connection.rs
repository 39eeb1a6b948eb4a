//! One connection: once its end was announced, nothing more is done that comes over it.
//!
//! The server below goes on with requests that a client sent before it had read `Connection: close`. The client has to
//! take them for lost and sends them again (RFC 9112, 9.6); so they must have no effect.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use bytes::Bytes;

/// How long the client has to read the last answer when it sent more behind it. Then the connection is cut.
const CUT_AFTER: Duration = Duration::from_millis(500);

/// What is known of a connection. Its requests share it.
#[derive(Default)]
pub(crate) struct Connection {
    is_ending: Cell<bool>,
}

/// Notes a connection in what its requests share: for whoever accepts it.
pub fn connected(data: &mut Extensions) {
    data.insert(Connection::default());
}

impl Connection {
    /// Whether its end was announced.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.get()
    }

    /// Its end is announced.
    pub(crate) fn end(&self) {
        self.is_ending.set(true);
    }
}

/// What becomes of a request that came over a connection whose end was announced: nothing, and the connection is cut.
pub(crate) async fn cut(request: ServiceRequest) -> ServiceResponse {
    tokio::time::sleep(CUT_AFTER).await;
    // A body that fails is what makes the server drop the connection without a word.
    request.into_response(HttpResponse::Ok().body(Broken))
}

struct Broken;

impl MessageBody for Broken {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

//! Connections: who may have how many, and the HTTP server on them.
//!
//! Shares are counted here and not where requests are, because a connection takes its place with the first byte of a
//! handshake, or with none.

use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{HttpServiceBuilder, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, map_config,
};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Server, ServiceResponse};
use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::net::{TcpSocket, TcpStream};

use crate::access::{Holder, Share, Shares};
use crate::config::Http;
use crate::web;

/// How long a client may take to let a connection go once it was answered.
const DISCONNECT_MAX: Duration = Duration::from_secs(5);
/// How long requests that are under way may take once a stop was asked for.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How often the log tells that connections are refused.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// What each peer address has of the connections.
#[derive(Clone)]
struct Admission {
    shares: Shares,
    told: Arc<Mutex<Option<Instant>>>,
}

impl Admission {
    /// Of `total` connections. An address alone has half of them, and where there is only one, that.
    fn new(total: usize) -> Self {
        // One more than there are, because the last one of a whole is never given.
        Self { shares: Shares::new(total + 1), told: Arc::default() }
    }

    /// The place of a connection; nothing where its peer has its share already.
    fn admit(&self, stream: &TcpStream) -> Option<Share> {
        let peer = stream.peer_addr().ok().map(|peer| peer.ip());
        let share = self.shares.take(&Holder::at(peer), 1);
        if share.is_none() {
            let mut told = self.told.lock();
            if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                *told = Some(Instant::now());
                let peer = peer.map(tracing::field::display);
                tracing::warn!(
                    peer,
                    "connections are closed at once: this address has its share of http.connections_max, or too many others \
                     have theirs. Raise it where that is a proxy, or many clients behind one address"
                );
            }
        }
        share
    }

    /// `factory`, for connections that have a place. Others are closed, without a word.
    fn over<F>(self, factory: F) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = F::Error>
    where
        F: ServiceFactory<TcpStream, Config = (), Response = ()>,
    {
        apply_fn_factory(factory, move |stream: TcpStream, next: &F::Service| {
            let admitted = self.admit(&stream).map(|place| (place, next.call(stream)));
            async move {
                match admitted {
                    Some((_place, served)) => served.await,
                    None => Ok(()),
                }
            }
        })
    }
}

/// Listens on `address`.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves `app` on `listener`, over at most `total` connections, encrypted where there is a configuration of `tls`.
pub(super) fn serve<A, I, S>(
    listener: TcpListener,
    total: usize,
    http: Http,
    tls: Option<ServerConfig>,
    app: A,
) -> io::Result<Server>
where
    A: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    S: 'static,
    S::InitError: Debug,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    // Each worker has as many at most.
    let each = (total / http.workers).max(1);
    // Whoever says nothing instead of shaking hands has a place as others have: there is no other bound.
    actix_tls::accept::max_concurrent_tls_connect(each);
    let admission = Admission::new(each * http.workers);
    let server = Server::build().workers(http.workers).max_concurrent_connections(each);
    let server = server.shutdown_timeout(STOP_MAX.as_secs()).disable_signals();
    let stop = server.graceful_shutdown_signal();
    let app = move || {
        let app = app().into_factory().map_err(|error: actix_web::Error| error.error_response());
        map_config(app, |()| AppConfig::default())
    };
    let stopped = move || {
        let stop = stop.clone();
        async move { stop.notified().await }
    };
    let server = match tls {
        None => server.listen("packhorse", listener, move || {
            admission.clone().over(configured(&http, stopped.clone()).finish(app()).tcp())
        }),
        Some(config) => server.listen("packhorse", listener, move || {
            let service = configured(&http, stopped.clone()).finish(app());
            admission.clone().over(service.rustls_0_23(config.clone()))
        }),
    };
    Ok(server?.run())
}

/// How HTTP is spoken over connections of kind `T`; `stopped` is when the server shall end.
fn configured<T, S, F>(http: &Http, stopped: impl Fn() -> F + 'static) -> HttpServiceBuilder<T, S>
where
    S: ServiceFactory<Request, Config = ()>,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: Debug,
    <S::Service as Service<Request>>::Future: 'static,
    F: Future<Output = ()> + 'static,
{
    HttpServiceBuilder::default()
        .graceful_shutdown_signal(stopped)
        .keep_alive(http.keep_alive)
        .client_request_timeout(http.head_timeout)
        .client_disconnect_timeout(DISCONNECT_MAX)
        .h1_allow_half_closed(true)
        .on_connect_ext(|_, data| web::connected(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn the_server_below_takes_as_many_workers_as_may_be_set() {
        let settings = Settings::default();
        let (key, _) = settings.in_force().find(|(key, _)| key.name() == "http.workers").expect("it is a setting");
        let most = key.limits.expect("it has limits").max.parse().expect("a number");
        // More than it takes is a panic.
        drop(Server::build().workers(most));
    }

    #[tokio::test]
    async fn an_address_alone_has_half_of_the_connections_and_of_one_that_one() {
        let listener = TcpSocket::new_v4().unwrap();
        listener.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = listener.listen(64).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        for (total, most) in [(1, 1), (2, 1), (3, 2), (4, 2), (100, 50)] {
            let admission = Admission::new(total);
            let places: Vec<_> = std::iter::from_fn(|| admission.admit(&stream)).collect();
            assert_eq!(places.len(), most, "of {total}");
        }
    }
}

//! Threads, time-outs and connections of the HTTP server.

use std::time::Duration;

use super::section::section;

section! {
    /// `[http]`.
    Http {
        /// Threads that serve requests.
        workers: usize = Threads("cores", "1" to "512") in "PACKHORSE_HTTP__WORKERS";
        /// How long a client may take to send the head of a request.
        head_timeout: Duration = Span("5s", "100ms" to "10m") in "PACKHORSE_HTTP__HEAD_TIMEOUT";
        /// How long a client may take to send the body of a request.
        body_timeout: Duration = Span("30s", "100ms" to "1h") in "PACKHORSE_HTTP__BODY_TIMEOUT";
        /// How long an idle connection stays open.
        keep_alive: Duration = Span("75s", "1s" to "1h") in "PACKHORSE_HTTP__KEEP_ALIVE";
        /// Connections open at once, of which one address has half at most; further ones of it are closed, and beyond the whole they wait.
        connections_max: usize = Count("25000", "1" to "1000000") in "PACKHORSE_HTTP__CONNECTIONS_MAX";
    }
}

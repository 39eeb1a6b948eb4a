//! Where the server is.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// A server, by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Host and port as written, for the header `Host`.
    pub(super) host: String,
    port: u16,
}

/// What a URL is refused for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetError {
    /// Another scheme, or none.
    #[error("give an address that begins with http://")]
    Scheme,
    /// Something behind the port.
    #[error("give no more than host and port, such as http://127.0.0.1:8080")]
    Path,
    /// The port is no port.
    #[error("{0:?} is not a port")]
    Port(String),
    /// Nothing before the port.
    #[error("the host is missing")]
    HostMissing,
}

/// The server is not on this machine, and nobody said that it may be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is not on this machine; orders placed there cannot be taken back. Give --anywhere if it may be loaded")]
pub(in crate::cli) struct NotLoopback {
    host: String,
}

impl Target {
    /// Its address; refused where that is not on this machine, unless `anywhere`.
    pub(super) fn address(&self, anywhere: bool) -> anyhow::Result<SocketAddr> {
        let (name, _) = split(&self.host);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<_> = (name, self.port).to_socket_addrs()?.collect();
        if !anywhere && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(NotLoopback { host: self.host.clone() }.into());
        }
        let none = || io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", self.host));
        Ok(addresses.first().copied().ok_or_else(none)?)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let host = text.strip_prefix("http://").ok_or(TargetError::Scheme)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.contains(|c: char| "/?#@".contains(c) || c.is_whitespace() || c.is_control()) {
            return Err(TargetError::Path);
        }
        let (name, port) = split(host);
        if name.is_empty() {
            return Err(TargetError::HostMissing);
        }
        let port = port.map_or(Ok(80), |port| port.parse().map_err(|_| TargetError::Port(port.into())))?;
        Ok(Self { host: host.into(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.host)
    }
}

/// Name and port, where there is one. The name of an IPv6 address stands in brackets.
fn split(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        Some(_) | None => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_url_of_host_and_port() {
        let check = |text: &str, host: &str, port| {
            let target: Target = text.parse().unwrap();
            assert_eq!((target.host.as_str(), target.port), (host, port));
        };
        check("http://127.0.0.1:8080", "127.0.0.1:8080", 8080);
        check("http://127.0.0.1:8080/", "127.0.0.1:8080", 8080);
        check("http://localhost", "localhost", 80);
        check("http://[::1]:81", "[::1]:81", 81);
        check("http://[::1]", "[::1]", 80);
    }

    #[test]
    fn refuses_other_urls() {
        let check = |text: &str, error| assert_eq!(text.parse::<Target>(), Err(error), "{text}");
        check("https://127.0.0.1", TargetError::Scheme);
        check("127.0.0.1:8080", TargetError::Scheme);
        check("http://", TargetError::HostMissing);
        check("http://:80", TargetError::HostMissing);
        check("http://a:b", TargetError::Port("b".into()));
        check("http://a/api", TargetError::Path);
        check("http://a\r\nX: y", TargetError::Path);
    }

    #[test]
    fn only_this_machine_is_loaded_unasked() {
        let address = |text: &str, anywhere| text.parse::<Target>().unwrap().address(anywhere);
        assert_eq!(address("http://127.0.0.1:1", false).unwrap().to_string(), "127.0.0.1:1");
        assert_eq!(address("http://[::1]:1", false).unwrap().to_string(), "[::1]:1");
        assert!(address("http://192.0.2.1:1", false).unwrap_err().is::<NotLoopback>());
        assert_eq!(address("http://192.0.2.1:1", true).unwrap().to_string(), "192.0.2.1:1");
    }
}

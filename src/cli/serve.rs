//! `packhorse serve`: the REST API on a data directory.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use super::pipe::unless_closed;
use super::{demo, settings};
use crate::app::{self, Started};
use crate::config::Flag;
use crate::telemetry;

/// The flags of `serve`. Three of them are settings and go before variables and file.
#[derive(Debug, Args)]
#[command(after_help = "The console for people is at /admin/, the API at /api/, its description at /docs/.\n\n\
    Examples:\n  \
    packhorse serve --demo --data-dir demo\n  \
    packhorse serve --config packhorse.toml\n  \
    packhorse config --config packhorse.toml    prints the settings that hold")]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Data directory, made when it is missing [default: ./data-dir]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Serve everybody on an address that others reach, without users or keys; said in the log at every start
    #[arg(long)]
    insecure_open: bool,
    /// Go on without what the journal has lost at its end, which gives it up for good; for one start, when no backup
    /// has it
    #[arg(long)]
    accept_shorter_journal: bool,
    /// Fill an empty data directory with a sample catalogue and a user for the console, and print lines to try
    #[arg(long)]
    demo: bool,
}

impl Serve {
    /// Serves until the process is told to stop.
    pub(super) fn run(self) -> anyhow::Result<()> {
        // Whoever renews certificates, or a service manager, may say it at any moment.
        app::outlive_signals()?;
        let flag = |flag, name, value: Option<String>| value.map(|value| Flag { flag, name, value });
        let insecure = self.insecure_open.then(|| "insecure-open".to_owned());
        let flags = [
            flag("--listen", "listen", self.listen),
            flag("--data-dir", "data_dir", self.data_dir),
            flag("--insecure-open", "access", insecure),
        ];
        let mut settings = settings::load(flags.into_iter().flatten(), self.config)?;
        settings.accept_shorter_journal = self.accept_shorter_journal;
        telemetry::start()?;
        let demo = self.demo.then(demo::openings);
        let show = self.demo;
        let scheme = if settings.tls.certificate.is_some() { "https" } else { "http" };
        app::serve(&settings, demo, |started| if show { print_tour(scheme, &started) } else { Ok(()) })?;
        Ok(())
    }
}

fn print_tour(scheme: &str, started: &Started) -> io::Result<()> {
    let base = format!("{scheme}://{}", reachable(started.address));
    let mut stdout = io::stdout().lock();
    unless_closed(stdout.write_all(demo::tour(&base, started).as_bytes()).and_then(|()| stdout.flush()))
}

/// Where a client on this machine reaches a server that listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_on_the_loopback() {
        let check = |from: &str, to: &str| assert_eq!(reachable(from.parse().unwrap()).to_string(), to);
        check("0.0.0.0:80", "127.0.0.1:80");
        check("[::]:80", "[::1]:80");
        check("10.1.2.3:80", "10.1.2.3:80");
    }
}

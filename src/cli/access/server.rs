//! Users and keys of a running server, by its API.

use std::collections::HashSet;
use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::http::{Response, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::change::{NewKey, UserChange};
use super::row::{KeyRow, UserRow};
use crate::cli::plain::plain;
use crate::domain::access::AccessName;

/// How long one answer may take. Hashing a password takes a part of a second.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long all pages of a list may take.
const LIST_WITHIN: Duration = Duration::from_mins(2);
/// The most rows of a list that are read: twice as many keys as there may be.
const ROWS_MAX: usize = 20_000;
/// The variable with the secret of a key: an argument could be read by everybody on the machine.
const KEY: &str = "PACKHORSE_KEY";
const USERS: &str = "/api/access/users/";
const KEYS: &str = "/api/access/keys/";

/// A server, and the key that it is called with.
pub(super) struct Server {
    base: String,
    key: Option<String>,
    agent: Agent,
}

impl Server {
    /// The server at `url`; `ca` holds certificates to trust instead of the public authorities. Nothing is sent yet.
    pub(super) fn new(url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let form = "give it as http://127.0.0.1:8080 or https://HOST:PORT";
        let uri: Uri = url.parse().ok().with_context(|| format!("--url: {url} is no URL; {form}"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            bail!("--url: {url} names no server; {form}");
        };
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            bail!("--url: {url} is more than a server; {form}");
        }
        // Otherwise port 80 would be called, whoever listens there, and get the key.
        if authority.as_str() != authority.host() && authority.port_u16().is_none_or(|port| port == 0) {
            bail!("--url: {url} has no port from 1 to 65535; {form}");
        }
        match scheme {
            "https" => {}
            // Passwords and keys would be read on the way.
            "http" if is_loopback(authority.host()) => {}
            "http" => bail!("--url: {url} is not encrypted; use https, or run this on the machine of the server"),
            _ => bail!("--url: {url} is neither http nor https; {form}"),
        }
        let roots = ca.map(certificates).transpose()?.unwrap_or(RootCerts::WebPki);
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // The key goes to nobody else.
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(ANSWER_MAX))
            .timeout_connect(Some(CONNECT_MAX))
            .user_agent(concat!("packhorse/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        let key = env::var(KEY).ok().filter(|key| !key.is_empty());
        Ok(Self { base: format!("{scheme}://{authority}"), key, agent })
    }

    pub(super) fn users(&self) -> anyhow::Result<Vec<UserRow>> {
        self.list(USERS)
    }

    pub(super) fn change_user(&self, name: &AccessName, change: UserChange) -> anyhow::Result<UserRow> {
        let body = match change {
            UserChange::Add { role, password } => {
                let body = json!({"name": name.as_str(), "role": role.as_str(), "password": password});
                return read(self.send("POST", USERS, Some(&body))?);
            }
            UserChange::Password(password) => json!({"password": password}),
            UserChange::Role(role) => json!({"role": role.as_str()}),
            UserChange::Disabled(disabled) => json!({"disabled": disabled}),
        };
        read(self.send("PATCH", &format!("{USERS}{name}/"), Some(&body))?)
    }

    pub(super) fn keys(&self) -> anyhow::Result<Vec<KeyRow>> {
        self.list(KEYS)
    }

    pub(super) fn add_key(&self, key: &NewKey) -> anyhow::Result<KeyRow> {
        let NewKey { name, role, scope, expires_at } = key;
        let expires_at = expires_at.map(|at| at.to_string());
        let body =
            json!({"name": name.as_str(), "role": role.as_str(), "scope": scope.as_str(), "expires_at": expires_at});
        read(self.send("POST", KEYS, Some(&body))?)
    }

    pub(super) fn revoke_key(&self, id: u64) -> anyhow::Result<KeyRow> {
        read(self.send("POST", &format!("{KEYS}{id}/revoke/"), None)?)
    }

    /// All rows, page by page.
    fn list<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let mut rows = Vec::new();
        let mut next = Some(path.to_owned());
        let (begun, mut seen) = (Instant::now(), HashSet::new());
        while let Some(path) = next {
            if rows.len() > ROWS_MAX || begun.elapsed() > LIST_WITHIN {
                bail!("the list of {} has no end: is it a Packhorse server?", self.base);
            }
            if !seen.insert(path.clone()) {
                bail!("the pages of {} lead in a circle: is it a Packhorse server?", self.base);
            }
            let answer = self.send("GET", &path, None)?;
            let link = answer.headers().get("link").and_then(|link| link.to_str().ok());
            // A whole URL: only what is behind the server's name is taken from it.
            let target = link.and_then(|link| link.strip_prefix('<')?.split('>').next()?.parse::<Uri>().ok());
            next = target.and_then(|target| target.path_and_query().map(ToString::to_string));
            rows.extend(read::<Vec<T>>(answer)?);
        }
        Ok(rows)
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Response<Body>> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.agent.run(request.with_context(bad_key)?)
            }
            None => self.agent.run(request.body(()).with_context(bad_key)?),
        };
        let answer = sent.with_context(|| format!("{} does not answer", self.base))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let Some(said) = said(answer) else {
            bail!("{} answered {status} and no reason: is it a Packhorse server?", self.base);
        };
        match status {
            401 if self.key.is_none() => bail!("{said} Set the variable {KEY} to the key of an admin."),
            401 => bail!("{said} The variable {KEY} has to hold the key of an admin that is in force."),
            403 => bail!("{said} The variable {KEY} holds a key that may not do this."),
            404 if path.starts_with(KEYS) => bail!("there is no such key; `packhorse key list` shows their ids"),
            404 if path.starts_with(USERS) => bail!("there is no such user; `packhorse user list` shows their names"),
            _ => bail!("{said}"),
        }
    }
}

fn bad_key() -> String {
    format!("the variable {KEY} holds what cannot be a key")
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn certificates(path: &Path) -> anyhow::Result<RootCerts> {
    let pem = fs::read(path).with_context(|| format!("--ca: cannot read {}", path.display()))?;
    let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
    let items = items.with_context(|| format!("--ca: {} is no PEM file", path.display()))?;
    let found: Vec<_> = items
        .into_iter()
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect();
    if found.is_empty() {
        bail!("--ca: {} holds no certificate", path.display());
    }
    Ok(RootCerts::new_with_certs(&found))
}

fn read<T: DeserializeOwned>(mut answer: Response<Body>) -> anyhow::Result<T> {
    answer.body_mut().read_json().context("the answer is not that of a Packhorse server of this version")
}

/// What a refusal says: `{"detail": ...}`, or sentences by field.
fn said(mut answer: Response<Body>) -> Option<String> {
    let body: Value = answer.body_mut().read_json().ok()?;
    let members = body.as_object()?;
    if let Some(detail) = members.get("detail") {
        return detail.as_str().map(plain);
    }
    let mut text = String::new();
    for (field, sentences) in members {
        for sentence in sentences.as_array()?.iter().filter_map(Value::as_str) {
            let gap = if text.is_empty() { "" } else { " " };
            write!(text, "{gap}{}: {}", plain(field), plain(sentence)).ok()?;
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_is_a_url_and_only_this_machine_is_called_in_the_clear() {
        let check = |url: &str, wrong: Option<&str>| match (Server::new(url, None), wrong) {
            (Ok(server), None) => assert_eq!(server.base, url.trim_end_matches('/')),
            (Err(error), Some(wrong)) => assert!(error.to_string().contains(wrong), "{url}: {error}"),
            (Ok(_), Some(wrong)) => panic!("{url} is taken, and not refused: {wrong}"),
            (Err(error), None) => panic!("{url}: {error}"),
        };
        check("http://127.0.0.1:8080", None);
        check("http://127.0.0.1:8080/", None);
        check("http://localhost:1", None);
        check("http://[::1]:8080", None);
        check("https://shop.example.com", None);
        check("http://10.0.0.1:8080", Some("not encrypted"));
        check("http://localhost.example.com", Some("not encrypted"));
        check("https://shop.example.com/admin/", Some("more than a server"));
        check("https://ann:secret@shop.example.com", Some("more than a server"));
        check("ftp://shop.example.com", Some("neither http nor https"));
        check("/var/lib/packhorse", Some("names no server"));
        check("http://", Some("is no URL"));
    }
}

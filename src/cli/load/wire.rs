//! The least of an HTTP/1.1 client: one connection that is kept, one exchange at a time.
//!
//! It costs little, because it shares the machine with the server that it measures: a request is bytes made before, and
//! of an answer only the status and a few headers are read.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head of an answer.
const HEAD_MAX: usize = 64 * 1024;
/// The longest body: a bulk of 100,000 orders is about 70 MB.
const BODY_MAX: usize = 1 << 30;
/// Room that reading starts with.
const BUFFER: usize = 16 * 1024;

/// Who calls, and which server.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// What the server is called.
    pub(super) host: String,
    /// The API key, where the server asks for one.
    pub(super) key: Option<String>,
}

impl Caller {
    /// The header lines that every request has.
    pub(super) fn headers(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
        format!("Host: {}\r\n{key}", self.host)
    }
}

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// The answer, from its first byte; only `filled` of it were read.
    buffer: Vec<u8>,
    filled: usize,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply<'a> {
    /// The status.
    pub(super) status: u16,
    /// Whether the server closes the connection behind it.
    pub(super) closes: bool,
    /// When to try again, where the server says so.
    pub(super) retry_after: Option<Duration>,
    /// Where the next page of a list is.
    pub(super) next: Option<String>,
    /// The body.
    pub(super) body: &'a [u8],
}

/// What the head of an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    length: usize,
    /// How long it is; `None` where it comes in chunks, each with its length.
    body: Option<usize>,
    retry_after: Option<Duration>,
    next: Option<String>,
    closes: bool,
}

impl Connection {
    /// Connects to `address`.
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER], filled: 0 })
    }

    /// Sends `request` and waits for the answer. After an error, or an answer that closes it, the connection is of no
    /// more use.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.filled = 0;
        self.stream.write_all(request).await?;
        let head = self.head().await?;
        let end = match head.body {
            Some(body) => {
                self.fill(head.length + body).await?;
                head.length + body
            }
            None => self.chunks(head.length).await?,
        };
        if self.filled > end {
            return Err(invalid("the server sent more than its answer"));
        }
        let Head { status, length, retry_after, next, closes, .. } = head;
        Ok(Reply { status, closes, retry_after, next, body: &self.buffer[length..end] })
    }

    async fn head(&mut self) -> io::Result<Head> {
        loop {
            let before = self.filled.saturating_sub(3);
            self.read().await?;
            if let Some(at) = memmem::find(&self.buffer[before..self.filled], b"\r\n\r\n") {
                let length = before + at + 4;
                return parse(&self.buffer[..length]).ok_or_else(|| invalid("the head of an answer is malformed"));
            }
            if self.filled == self.buffer.len() {
                if self.filled >= HEAD_MAX {
                    return Err(invalid("the head of an answer does not end"));
                }
                self.buffer.resize(self.filled * 2, 0);
            }
        }
    }

    /// Reads until `end`.
    async fn fill(&mut self, end: usize) -> io::Result<()> {
        if self.buffer.len() < end {
            self.buffer.resize(end.next_power_of_two(), 0);
        }
        while self.filled < end {
            self.read().await?;
        }
        Ok(())
    }

    /// Reads chunks from `begin` on and leaves what is in them there, one behind the other. Answers where that ends.
    async fn chunks(&mut self, begin: usize) -> io::Result<usize> {
        let (mut body, mut next) = (begin, begin);
        loop {
            let line = loop {
                if let Some(at) = memmem::find(&self.buffer[next..self.filled], b"\r\n") {
                    break next + at;
                }
                self.fill(self.filled + 1).await?;
            };
            let length = std::str::from_utf8(&self.buffer[next..line]).ok();
            let length = length.and_then(|text| usize::from_str_radix(text, 16).ok());
            let length = length.filter(|length| body - begin + length <= BODY_MAX);
            let length = length.ok_or_else(|| invalid("a chunk of an answer is malformed"))?;
            let chunk = line + 2;
            next = chunk + length + 2;
            self.fill(next).await?;
            if length == 0 {
                // Nothing may be behind the end: it is compared with what was read.
                self.filled -= next - body;
                return Ok(body);
            }
            self.buffer.copy_within(chunk..chunk + length, body);
            body += length;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads a head that ends with an empty line. An answer that says neither its length nor that it comes in chunks is
/// none that this client reads.
fn parse(bytes: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let mut head = Head { status, length: bytes.len(), body: Some(0), retry_after: None, next: None, closes: false };
    let mut body = (status == 204).then_some(Some(0));
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            body = Some(Some(value.parse().ok().filter(|length| *length <= BODY_MAX)?));
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            body = value.eq_ignore_ascii_case("chunked").then_some(None);
        } else if name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = value.parse().ok().map(Duration::from_secs);
        } else if name.eq_ignore_ascii_case("link") {
            let next = value.strip_prefix('<').and_then(|value| value.strip_suffix(">; rel=\"next\""));
            head.next = next.map(str::to_owned);
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        }
    }
    head.body = body?;
    Some(head)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    #[test]
    fn reads_what_matters_of_a_head() {
        let check = |text: &str, head| assert_eq!(parse(text.as_bytes()), head, "{text}");
        let made = "HTTP/1.1 201 Created\r\ncontent-length: 12\r\ndate: now\r\n\r\n";
        let head =
            Head { status: 201, length: made.len(), body: Some(12), retry_after: None, next: None, closes: false };
        check(made, Some(head.clone()));
        let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 2\r\nConnection: close\r\n\r\n";
        let retry_after = Some(Duration::from_secs(2));
        let closes = true;
        check(busy, Some(Head { status: 503, length: busy.len(), body: Some(0), retry_after, next: None, closes }));
        let page = "HTTP/1.1 200 OK\r\nlink: </a/?cursor=1>; rel=\"next\"\r\ncontent-length: 2\r\n\r\n";
        let next = Some("/a/?cursor=1".to_owned());
        check(page, Some(Head { status: 200, length: page.len(), body: Some(2), next, ..head.clone() }));
        let gone = "HTTP/1.1 204 No Content\r\n\r\n";
        check(gone, Some(Head { status: 204, length: gone.len(), body: Some(0), ..head }));
    }

    #[tokio::test]
    async fn an_answer_in_chunks_is_read_whole_and_the_next_one_behind_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = Connection::open(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let long = "x".repeat(100_000);
        for text in [long.as_str(), "short", ""] {
            let mut answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
            for part in text.as_bytes().chunks(30_000) {
                write!(answer, "{:X}\r\n{}\r\n", part.len(), std::str::from_utf8(part).unwrap()).unwrap();
            }
            answer.push_str("0\r\n\r\n");
            let sent = tokio::spawn(async move {
                for part in answer.as_bytes().chunks(7_001) {
                    server.write_all(part).await.unwrap();
                }
                server
            });
            assert_eq!(client.exchange(b"GET / HTTP/1.1\r\n\r\n").await.unwrap().body, text.as_bytes());
            server = sent.await.unwrap();
        }
    }

    #[test]
    fn refuses_heads_without_a_length() {
        let check = |text: &str| assert_eq!(parse(text.as_bytes()), None, "{text}");
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n");
        check("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n");
        check("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n");
        check("SSH-2.0\r\n\r\n");
        check("\r\n\r\n");
    }
}

//! Clients that take their time: heads that do not end, bodies that drip, connections that say nothing. They are cut,
//! and the others do not notice.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::{Running, connect_from, send};

const BINARY: &str = env!("CARGO_BIN_EXE_packhorse");
const ORDERS: &str = "/api/inventory/orders/";
/// How long a head or a body may take here.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same where there are thousands, which take a while to come.
const PATIENCE_OF_MANY: Duration = Duration::from_secs(20);
/// What the server gives a client that does not go once it was answered, and a slow machine.
const GRACE: Duration = Duration::from_secs(5 + 10);

fn server() -> Running {
    Running::with(|settings| {
        settings.http.head_timeout = PATIENCE;
        settings.http.body_timeout = PATIENCE;
        settings.limits.body_bytes = 1024;
    })
}

/// Sends `begin`, then `drop` again and again; says what was answered until the connection was cut, and how long that
/// took. Fails when it is not.
fn drip(address: SocketAddr, begin: &str, drop: &str, max: Duration) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let begun = Instant::now();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while begun.elapsed() < max {
        let is_open = stream.write_all(drop.as_bytes()).is_ok();
        match stream.read(&mut piece) {
            Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
            Err(error) if is_open && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(0) | Err(_) => return (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed()),
        }
    }
    panic!("{begin:?}: not cut within {max:?}; answered: {}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_body_in_chunks_that_never_ends_does_not_keep_its_connection() {
    let server = server();
    let check = |target: &str, drop: &str, status: &str, within: Duration| {
        let headers = "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
        let request = format!("{target} HTTP/1.1\r\n{headers}\r\n");
        let (answer, _) = drip(server.address, &request, drop, within + GRACE);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{target}: {answer}");
    };
    thread::scope(|scope| {
        scope.spawn(|| check("POST /api/inventory/orders/", "1\r\n \r\n", "408", PATIENCE));
        scope.spawn(|| check("POST /api/inventory/orders/", &format!("400\r\n{:1024}\r\n", ""), "413", Duration::ZERO));
        // Nobody reads these at all.
        scope.spawn(|| check("POST /nowhere/", "1\r\n \r\n", "404", Duration::ZERO));
        scope.spawn(|| check("GET /api/inventory/orders/", "1\r\n \r\n", "200", Duration::ZERO));
        scope.spawn(|| check("DELETE /api/inventory/orders/", "1\r\n \r\n", "405", Duration::ZERO));
    });
}

#[test]
fn a_body_of_a_given_length_that_drips_does_not_keep_its_connection() {
    let server = server();
    let request = |length: u32| {
        let headers = "Host: localhost\r\nContent-Type: application/json\r\n";
        format!("POST {ORDERS} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n")
    };
    let (answer, _) = drip(server.address, &request(1000), " ", PATIENCE + GRACE);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let (answer, _) = drip(server.address, &request(100_000), " ", GRACE);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_body_in_chunks_that_was_read_keeps_its_connection() {
    let server = server();
    let headers = "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let request = format!("POST {ORDERS} HTTP/1.1\r\n{headers}\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(GRACE)).unwrap();
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400");
        let mut rest = [0; 4096];
        assert!(stream.read(&mut rest).unwrap() > 0);
    }
}

#[test]
fn a_head_that_drips_is_cut() {
    let server = server();
    let (answer, took) = drip(server.address, "GET / HTTP/1.1\r\nHost: localhost\r\n", "A: b\r\n", PATIENCE + GRACE);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(took >= PATIENCE / 2, "it had its time: {took:?}");
}

/// A server process, with a limit of open files of its own. It is killed when this is dropped.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::run(Command::new(BINARY), directory, settings)
    }

    /// One that may open so many files, and cannot raise that.
    fn start_with_files(files: u32, directory: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), BINARY]);
        Self::run(command, directory, settings)
    }

    fn run(mut command: Command, directory: &Path, settings: &[(&str, &str)]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory);
        command.envs(settings.iter().copied()).env("RUST_LOG", "packhorse=info").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut line_with = |word: &str| {
            let line = log.by_ref().map_while(Result::ok).find(|line| line.contains(word));
            line.unwrap_or_else(|| panic!("the server ended before its log said {word}"))
        };
        let listening = line_with("\"address\":");
        let address = listening.split("\"address\":\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        line_with("\"message\":\"ready\"");
        // What else it says must be read, or it would wait.
        thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        Self { child, address }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// How many files this process may open, after the limit was raised as far as it
/// can be.
fn files_max() -> usize {
    let id = std::process::id().to_string();
    let limits = || {
        let text = fs::read_to_string("/proc/self/limits").unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap().to_owned();
        let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap_or(usize::MAX));
        (numbers.next().unwrap(), numbers.next().unwrap())
    };
    let (soft, hard) = limits();
    if soft < hard {
        let raised = Command::new("prlimit").args(["--pid", &id, &format!("--nofile={hard}:{hard}")]).status();
        println!("raising the limit of open files from {soft} to {hard}: {raised:?}");
    }
    limits().0
}

/// An address of this machine. The connections of each are a share of the whole, so that many come from several.
fn peer(last: usize) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(last).unwrap()).into()
}

/// How long a placement and a read took, the slower of the two.
fn one(address: SocketAddr) -> Duration {
    let order = r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","delivery_address":"x","items":[{"product_id":1,"quantity":1}]}"#;
    let time = |method: &str, path: &str, body: &str, status: u16| {
        let begun = Instant::now();
        send(address, method, path, &[], body.as_bytes()).expect(status);
        begun.elapsed()
    };
    time("POST", ORDERS, order, 201).max(time("GET", "/api/inventory/orders/?limit=10", "", 200))
}

/// Times of two servers that were asked in turn, so that whatever else this machine does hinders both alike.
struct Times {
    busy: Vec<Duration>,
    quiet: Vec<Duration>,
}

impl Times {
    /// Asks for at most `max`, and ten times at least.
    fn measure(busy: SocketAddr, quiet: SocketAddr, max: Duration) -> Self {
        let mut times = Self { busy: Vec::new(), quiet: Vec::new() };
        let begun = Instant::now();
        while times.busy.len() < 200 && (times.busy.len() < 10 || begun.elapsed() < max) {
            times.busy.push(one(busy));
            times.quiet.push(one(quiet));
        }
        times.busy.sort_unstable();
        times.quiet.sort_unstable();
        times
    }

    /// Of ten, nine took no longer: at the busy server, and at the quiet one.
    fn ninth_of_ten(&self) -> (Duration, Duration) {
        let nth = self.busy.len() * 9 / 10;
        (self.busy[nth], self.quiet[nth])
    }

    /// The longest of each.
    fn slowest(&self) -> (Duration, Duration) {
        (*self.busy.last().unwrap(), *self.quiet.last().unwrap())
    }
}

/// Makes product 1.
fn stock_up(server: &Process) {
    let post = |path: &str, body: &str| {
        send(server.address, "POST", &format!("/api/inventory/{path}"), &[], body.as_bytes()).expect(201);
    };
    post("categories/", r#"{"name":"Things"}"#);
    post("products/", r#"{"name":"Thing","price":"1","stock":100000,"category_id":1}"#);
}

/// Whether the server has neither answered nor closed.
fn is_waiting(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = stream.read(&mut [0; 1]);
    stream.set_nonblocking(false).unwrap();
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Reads until the server has closed; what it said.
fn end_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    stream.set_read_timeout(Some(PATIENCE_OF_MANY + GRACE)).unwrap();
    match stream.read_to_end(&mut answer) {
        Ok(_) => answer,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("the server did not cut the connection: {error}"),
    }
}

#[test]
fn idle_connections_and_dripping_bodies_in_thousands_hurt_nobody_and_are_cut() {
    let files = files_max();
    let (idle, dripping) = if files >= 16_000 { (10_000, 1_000) } else { (files / 2, files / 10) };
    if files < 16_000 {
        println!("ONLY {idle} idle connections and {dripping} dripping bodies: no more than {files} files may be open");
    }
    let directory = tempfile::tempdir().unwrap();
    let patience = format!("{}s", PATIENCE_OF_MANY.as_secs());
    let settings = [("PACKHORSE_HTTP__HEAD_TIMEOUT", &*patience), ("PACKHORSE_HTTP__BODY_TIMEOUT", &*patience)];
    let server = Process::start(&directory.path().join("data"), &settings);
    let quiet = Process::start(&directory.path().join("quiet"), &settings);
    stock_up(&server);
    stock_up(&quiet);

    let mut silent: Vec<_> = (0..idle).map(|nth| connect_from(peer(2 + nth % 2), server.address)).collect();
    let head = format!("POST {ORDERS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    let mut drips: Vec<_> = (0..dripping).map(|_| connect_from(peer(4), server.address)).collect();
    for (nth, stream) in drips.iter_mut().enumerate() {
        let length = if nth % 2 == 0 { "Content-Length: 1000\r\n" } else { "Transfer-Encoding: chunked\r\n" };
        stream.write_all(format!("{head}{length}\r\n").as_bytes()).unwrap();
    }
    let begun = Instant::now();
    let (times, mut drips) = thread::scope(|scope| {
        let dripping = scope.spawn(move || {
            for _ in 0..6 {
                for (nth, stream) in drips.iter_mut().enumerate() {
                    let drop = if nth % 2 == 0 { "  " } else { "1\r\n \r\n" };
                    stream.write_all(drop.as_bytes()).unwrap();
                }
                thread::sleep(Duration::from_millis(500));
            }
            drips
        });
        (Times::measure(server.address, quiet.address, Duration::from_secs(4)), dripping.join().unwrap())
    });
    assert!(silent.iter_mut().chain(&mut drips).all(is_waiting), "they were all there while it was measured");
    let (most, most_quiet) = times.ninth_of_ten();
    let (slowest, slowest_quiet) = times.slowest();
    println!(
        "{idle} idle, {dripping} dripping: of {} pairs of requests nine in ten took {most:?} and the slowest {slowest:?}; \
         at a server without them, asked in turn, {most_quiet:?} and {slowest_quiet:?}",
        times.busy.len()
    );
    assert!(most < Duration::from_millis(100).max(most_quiet * 3), "{most:?}, without the others {most_quiet:?}");
    // One that waits for the others waits until they are cut.
    assert!(
        slowest < (PATIENCE_OF_MANY / 4).max(slowest_quiet * 10),
        "the slowest took {slowest:?}, without the others {slowest_quiet:?}"
    );

    for stream in &mut silent {
        let answer = end_of(stream);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408 "), "{}", answer.escape_ascii());
    }
    for mut stream in drips {
        let answer = end_of(&mut stream);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408 "), "{}", answer.escape_ascii());
    }
    println!("all were cut {:?} after the last one had come", begun.elapsed());
    one(server.address);
}

/// Sends a request on a connection that stays open, and gives the status of the answer.
fn ask(stream: &mut TcpStream, path: &str, body: &str) -> u16 {
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    let mut reader = BufReader::new(&mut *stream);
    let mut line = || {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the server closed the connection");
        line.trim_end().to_ascii_lowercase()
    };
    let (mut status, mut length, mut is_chunked) = (None, 0, false);
    loop {
        let line = line();
        if status.is_none() {
            status = line.split(' ').nth(1).map(|status| status.parse().unwrap());
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
        is_chunked |= line == "transfer-encoding: chunked";
        if line.is_empty() {
            break;
        }
    }
    // The answer itself is JSON in one line, whose end ends a chunk.
    while is_chunked && line() != "0" {}
    if is_chunked {
        line();
    }
    let mut rest = vec![0; length];
    reader.read_exact(&mut rest).unwrap();
    status.unwrap()
}

#[test]
fn more_silent_connections_than_files_may_be_open_do_not_stop_the_journal() {
    const FILES: u32 = 1_024;
    const SEGMENTS: usize = 4;
    assert!(files_max() > 2_000, "this process has to hold the other ends of the connections");
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let settings = [
        ("PACKHORSE_HTTP__HEAD_TIMEOUT", "1m"),
        ("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB"),
        ("PACKHORSE_STAGES__PENDING__AFTER", "manual"),
    ];
    let server = Process::start_with_files(FILES, &data, &settings);
    let mut client = TcpStream::connect(server.address).unwrap();
    assert_eq!(ask(&mut client, "/api/inventory/categories/", r#"{"name":"Things"}"#), 201);
    let product = r#"{"name":"Thing","price":"1","stock":1000000,"category_id":1}"#;
    assert_eq!(ask(&mut client, "/api/inventory/products/", product), 201);

    // From so many addresses that their shares together are nearly all.
    let mut silent: Vec<_> = (0..1_500).map(|nth| connect_from(peer(2 + nth % 30), server.address)).collect();
    thread::sleep(Duration::from_millis(500));
    silent.retain_mut(is_waiting);
    assert!(silent.len() > 600, "{} stay, which is not nearly all that {FILES} files allow", silent.len());
    let name = "Ann".repeat(20);
    let row = format!(
        r#"{{"customer_name":"{name}","customer_email":"a@example.com","customer_phone":"1","delivery_address":"x","items":[{{"product_id":1,"quantity":1}}]}}"#
    );
    let bulk = format!("[{}]", vec![row; 400].join(","));
    let segments = || {
        let files = fs::read_dir(data.join("journal")).unwrap();
        files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".seg")).count()
    };
    let begun = Instant::now();
    while segments() < SEGMENTS {
        assert!(begun.elapsed() < Duration::from_mins(1), "the journal goes on to new segments");
        let status = ask(&mut client, "/api/inventory/orders/bulk/", &bulk);
        assert!(matches!(status, 201 | 503), "{status}");
    }
    drop(silent);
    one(server.address);
}

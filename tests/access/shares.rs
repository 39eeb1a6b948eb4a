//! What all callers share: one of them cannot take it from the others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::support::Running;
use super::{PASSWORD, SignedIn, key, manned_with, stock_up, with_key};

const BULK: &str = "/api/inventory/orders/bulk/";

/// Begins a request and leaves it open.
fn begin(server: &Running, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(format!("{head}\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    // Whoever is refused may be cut off before all is sent.
    stream.write_all(body).ok();
    stream
}

/// The status of what has been answered, where something was.
fn status(stream: &mut TcpStream, wait: Duration) -> Option<u16> {
    stream.set_read_timeout(Some(wait)).unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    std::str::from_utf8(&line[9..]).unwrap().parse().ok()
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A server with a product, an admin's key and an operator's.
fn stocked() -> (Running, String, String) {
    let (server, root) = manned_with(|settings| settings.limits.bulk_body_bytes = 1 << 20);
    let till = key(&server, &[("X-Api-Key", &root)], "till", "operator", "all");
    stock_up(&server, &root, 100_000);
    (server, root, till)
}

fn bulk(count: usize) -> String {
    let order = r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","delivery_address":"Road 1","items":[{"product_id":1,"quantity":1}]}"#;
    format!("[{}]", vec![order; count].join(","))
}

fn bulk_head(secret: &str) -> String {
    format!(
        "POST {BULK} HTTP/1.1\r\nX-Api-Key: {secret}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked"
    )
}

#[test]
fn bodies_that_were_announced_and_do_not_come_hold_nobody_up() {
    let (server, root, till) = stocked();
    let mut dripping: Vec<_> = (0..20).map(|_| begin(&server, &bulk_head(&till), b"1\r\n[\r\n")).collect();
    std::thread::sleep(Duration::from_millis(200));
    with_key(&server, "POST", BULK, &root, &bulk(200)).expect(201);
    with_key(&server, "POST", BULK, &till, &bulk(200)).expect(201);
    for stream in &mut dripping {
        assert_eq!(status(stream, Duration::from_millis(1)), None, "they are still waited for");
    }
}

#[test]
fn large_bodies_of_one_caller_leave_room_for_those_of_another() {
    let (server, root, till) = stocked();
    let half = chunk(&vec![b' '; 900 << 10]);
    let mut held: Vec<_> = (0..20).map(|_| begin(&server, &bulk_head(&till), &half)).collect();
    let refused = held.iter_mut().filter_map(|stream| status(stream, Duration::from_millis(200)));
    let refused: Vec<_> = refused.collect();
    assert!(refused.len() >= 10 && refused.iter().all(|status| *status == 503), "{refused:?}");
    with_key(&server, "POST", BULK, &root, &bulk(1_000)).expect(201);
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    while with_key(&server, "POST", BULK, &till, &bulk(1_000)).status != 201 {
        assert!(Instant::now() < deadline, "the room is free again");
    }
}

#[test]
fn uploads_take_the_same_room_as_other_bodies() {
    let (server, root, till) = stocked();
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let csrf = super::csrf_of(&olga);
    let head = format!(
        "POST /admin/upload/?name=a.csv HTTP/1.1\r\nCookie: {}\r\nX-Csrf-Token: {csrf}\r\nTransfer-Encoding: chunked",
        olga.cookie
    );
    let half = chunk(&vec![b' '; 900 << 10]);
    let mut held: Vec<_> = (0..20).map(|_| begin(&server, &head, &half)).collect();
    let refused = held.iter_mut().filter_map(|stream| status(stream, Duration::from_millis(200)));
    let refused: Vec<_> = refused.collect();
    assert!(refused.len() >= 10 && refused.iter().all(|status| *status == 503), "{refused:?}");
    for secret in [root, till] {
        with_key(&server, "POST", BULK, &secret, &bulk(1_000)).expect(201);
    }
}

#[test]
fn the_file_of_what_was_left_out_takes_that_room_too() {
    let (server, ..) = stocked();
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let csrf = super::csrf_of(&olga);
    let header = "customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n";
    let file = format!("{header}{}", "Zoe,no address,1,Here,1,1\n".repeat(28_000));
    let headers = [("Cookie", olga.cookie.as_str()), ("X-Csrf-Token", &csrf), ("Content-Type", "text/csv")];
    let tried = server.send("POST", "/admin/upload/?name=b.csv", &headers, &file);
    let path = format!("{}refused/", super::browser::goes_to(&tried).trim_start_matches("/admin"));
    let whole = olga.get(&path).expect(200);
    assert_eq!(whole.text().lines().count(), 28_001);
    let head = format!(
        "POST /admin/upload/?name=a.csv HTTP/1.1\r\nCookie: {}\r\nX-Csrf-Token: {csrf}\r\nTransfer-Encoding: chunked",
        olga.cookie
    );
    // Each grows by less than the file takes: when all have come to rest, less than that is left.
    let part = chunk(&vec![b' '; 300 << 10]);
    let mut held: Vec<_> = (0..20).map(|_| begin(&server, &head, &part)).collect();
    let at_rest: Vec<_> = held.iter_mut().map(|stream| status(stream, Duration::from_millis(200))).collect();
    assert!(at_rest.contains(&Some(503)), "{at_rest:?}");
    assert_eq!(olga.get(&path).expect(503).header("retry-after"), Some("1"));
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(10);
    while olga.get(&path).status != 200 {
        assert!(Instant::now() < deadline, "the room is free again");
    }
}

#[test]
fn one_viewer_who_follows_with_many_pages_leaves_places_for_others() {
    let (server, _) = manned_with(|_| {});
    let head = |who: &SignedIn<'_>| format!("GET /admin/live/ HTTP/1.1\r\nCookie: {}", who.cookie);
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    let mut pages: Vec<_> = (0..256).map(|_| begin(&server, &head(&vera), b"")).collect();
    let statuses: Vec<_> = pages.iter_mut().map(|page| status(page, Duration::from_secs(10))).collect();
    assert_eq!(statuses.iter().filter(|status| **status == Some(503)).count(), 128, "{statuses:?}");
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    assert_eq!(status(&mut begin(&server, &head(&ann), b""), Duration::from_secs(10)), Some(200));
}

#[test]
fn bulks_and_dry_runs_of_one_caller_leave_room_for_the_orders_of_another() {
    let (server, root) = manned_with(|settings| (settings.limits.orders, settings.limits.placements) = (100, 4));
    stock_up(&server, &root, 2_000_000);
    let by = [("X-Api-Key", root.as_str())];
    let shop = super::key(&server, &by, "shop", "operator", "orders");
    let till = super::key(&server, &by, "till", "operator", "orders");
    let (order, rows) = (super::browser::order("Alice"), bulk(500));
    let over = std::sync::atomic::AtomicBool::new(false);
    let placed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for nth in 0..6 {
            let path = if nth % 2 == 0 { BULK.to_owned() } else { format!("{BULK}?dry_run=true") };
            let (server, shop, rows, over, placed) = (&server, &shop, &rows, &over, &placed);
            scope.spawn(move || {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    let reply = with_key(server, "POST", &path, shop, rows).expect_one_of(&[200, 201, 503]);
                    placed.fetch_add(usize::from(reply.status != 503), std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        let deadline = Instant::now() + Duration::from_mins(1);
        let mut statuses = Vec::new();
        while statuses.len() < 40
            || (placed.load(std::sync::atomic::Ordering::Relaxed) < 10 && Instant::now() < deadline)
        {
            statuses.push(with_key(&server, "POST", "/api/inventory/orders/", &till, &order).status);
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    });
}

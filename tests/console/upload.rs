//! Files of orders: tried out row by row, then placed, and not twice.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::browser::{begun, filled, goes_to, holds, page, submit};
use crate::support::{Reply, Running};

pub(crate) const HEADER: &str =
    "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n";

/// Sends a file as the script of the page does.
pub(crate) fn upload(server: &Running, name: &str, content: &str) -> Reply {
    let (cookie, csrf) = begun(server, "/upload/");
    let headers = [("Content-Type", "application/octet-stream"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    server.send("POST", &format!("/admin/upload/?name={name}"), &headers, content)
}

/// Tries `content` out; answers with the path of its page.
pub(crate) fn tried(server: &Running, name: &str, content: &str) -> String {
    goes_to(&upload(server, name, content)).strip_prefix("/admin").unwrap().to_owned()
}

/// Places what can be placed, and waits for the end.
pub(crate) fn run(server: &Running, path: &str) -> String {
    run_with(server, path, &[])
}

/// The same with ticks.
pub(crate) fn run_with(server: &Running, path: &str, ticks: &[(&str, &str)]) -> String {
    goes_to(&submit(server, path, &format!("{path}run/"), ticks));
    ended(server, path)
}

/// Waits for the end of a run.
fn ended(server: &Running, path: &str) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let page = page(server, path);
        if page.contains("data-phase=\"over\"") {
            return page;
        }
        assert!(Instant::now() < deadline, "the run ends");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn each_row_of_a_csv_file_says_what_would_become_of_it() {
    let server = filled();
    let content = format!(
        "{HEADER}A,Zoe,zoe@example.com,1,Here,1,2\nA,Zoe,zoe@example.com,1,Here,2,1\n,Max,nonsense,1,Here,1,1\n\
         ,Ina,ina@example.com,1,Here,2,99\n,Ulf,ulf@example.com,1,Here,2,2\n,Ulf,ulf@example.com,1,Here,2,1\n"
    );
    let path = tried(&server, "orders.csv", &content);
    let shown = page(&server, &path);
    holds(
        &shown,
        &["orders.csv", "lines 2 to 3", "Zoe", "Can be placed: 609.48", "line 4", "Enter a valid email address."],
    );
    holds(&shown, &["Insufficient stock for product Case: 99 wanted, 2 available.", "Place 2 orders"]);
    holds(&shown, &["Insufficient stock for product Case: 1 wanted, 0 available."]);
    let grouped = format!("{HEADER}A,Zoe,zoe@example.com,1,Here,1,1.000\n");
    holds(&page(&server, &tried(&server, "grouped.csv", &grouped)), &["write 1000 or 1."]);
    holds(&page(&server, "/orders/"), &["Eve"]);
    server.get("/admin/orders/6/").expect(404);

    let over = run(&server, &path);
    holds(&over, &["2 orders were placed", "3 were left out", "Placed as order 6", "Placed as order 7"]);
    holds(&page(&server, "/orders/6/"), &["Zoe", "609.48"]);
    let refused = server.get(&format!("/admin{path}refused/")).expect(200);
    assert_eq!(refused.text().lines().count(), 4);
    holds(refused.text(), &[HEADER.trim_end(), "Max,nonsense"]);

    // The same file again: what was placed is named, and there is nothing new to place.
    assert_eq!(tried(&server, "orders.csv", &content), path);
    let shown = page(&server, &path);
    holds(
        &shown,
        &["2 of 5 orders were placed before", "as orders 6 to 7", "Already placed as order 6", "Place again"],
    );
    holds(&run(&server, &path), &["Nothing new was placed", "2 of 5 orders were placed before"]);
    server.get("/admin/orders/8/").expect(404);
}

#[test]
fn a_file_that_is_forgotten_is_not_placed_twice_either() {
    let server = filled();
    let content = format!("{HEADER},Zoe,zoe@example.com,1,Here,1,2\n,Max,max@example.com,1,Here,1,1\n");
    let path = tried(&server, "orders.csv", &content);
    holds(&run(&server, &path), &["Placed as order 6", "Placed as order 7"]);
    for other in 0..4 {
        tried(&server, "other.csv", &format!("{HEADER},Other{other},o@example.com,1,Here,1,1\n"));
    }
    server.get(&format!("/admin{path}")).expect(404);
    assert_eq!(tried(&server, "orders.csv", &content), path);
    holds(&page(&server, &path), &["Already placed as order 6", "Already placed as order 7"]);
    holds(&run(&server, &path), &["Nothing new was placed"]);
    server.get("/admin/orders/8/").expect(404);
}

#[test]
fn a_json_file_and_pasted_text_are_taken_too() {
    let server = filled();
    let content = format!("[{}, {}]", super::browser::order("Zoe"), super::browser::order("Max").replace("a@", "a"));
    let path = tried(&server, "orders.json", &content);
    holds(
        &page(&server, &path),
        &["order 1", "Zoe", "Can be placed: 599.98", "order 2", "Enter a valid email address."],
    );
    let refused = server.get(&format!("/admin{path}refused/")).expect(200);
    assert_eq!(refused.json().rows().len(), 1);
    let pasted = format!("{HEADER},Ann,ann@example.com,1,Here,1,");
    let reply = submit(&server, "/upload/", "/upload/", &[("content", &pasted)]);
    let path = goes_to(&reply).strip_prefix("/admin").unwrap().to_owned();
    holds(&page(&server, &path), &["Ann", "Place 1 order"]);
    let semicolons = pasted.replace(',', ";");
    let path = tried(&server, "x.csv", &format!("\u{feff}{semicolons}"));
    holds(&page(&server, &path), &["Ann", "Place 1 order", "line 2"]);
    let ends = pasted.replace('\n', "\r\n");
    let path = tried(&server, "x.csv", &format!("{ends}\r\n\r\n{}\r\n", pasted.lines().nth(1).unwrap()));
    holds(&page(&server, &path), &["Place 2 orders", "line 2", "line 4"]);
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let server = filled();
    let check =
        |name: &str, content: &str, text: &str| holds(upload(&server, name, content).expect(400).text(), &[text]);
    check("x.csv", "", "The file is empty.");
    check("x.csv", "customer_email\n", "Column &quot;customer_name&quot; is missing");
    check("x.csv", "customer_name,colour\n", "These are unknown: &quot;colour&quot;.");
    check("x.csv", HEADER, "The file holds no order");
    check("x.json", "{}", "The file is no JSON list of orders");
    check("x.json", "[]", "The file holds no order");
}

#[test]
fn the_templates_are_themselves_taken() {
    let server = filled();
    for name in ["template.csv", "template.json"] {
        let template = server.get(&format!("/admin/upload/{name}")).expect(200);
        assert!(template.header("content-disposition").unwrap().contains("attachment"));
        let path = tried(&server, name, template.text());
        holds(&page(&server, &path), &["Alice Example", "Can be placed"]);
    }
}

#[test]
fn files_of_other_programs_are_named_with_the_remedy() {
    let server = filled();
    let (cookie, csrf) = begun(&server, "/upload/");
    let headers = [("Content-Type", "application/octet-stream"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    for (content, said) in [
        (&b"PK\x03\x04\x14\0\x06\0[Content_Types].xml"[..], "This is an Excel workbook (.xlsx)"),
        (b"PK\x03\x04\x14\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "(.ods)"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "This is an Excel workbook (.xls)"),
        (b"\xFF\xFEo\0r\0d\0e\0r\0", "This file is UTF-16 text"),
        (b"customer_name\nRen\xE9\n", "Line 2 is not UTF-8 text"),
    ] {
        let reply = crate::support::send(server.address, "POST", "/admin/upload/?name=o.xlsx", &headers, content);
        holds(reply.expect(400).text(), &[said, "CSV UTF-8"]);
    }
}

/// A server on `directory`, with two products and no stock of the second.
fn stocked(directory: &Path) -> Running {
    let server = Running::with(|settings| settings.general.data_dir = directory.join("data"));
    if server.get("/api/inventory/products/").json().rows().is_empty() {
        server.post("/api/inventory/categories/", r#"{"name": "Phones"}"#).expect(201);
        for (name, stock) in [("Phone", 9_000), ("Case", 0)] {
            let body = format!(r#"{{"name": "{name}", "price": "1.00", "stock": {stock}, "category_id": 1}}"#);
            server.post("/api/inventory/products/", &body).expect(201);
        }
    }
    server
}

/// The names of the customers of all orders, sorted.
fn customers(server: &Running) -> Vec<String> {
    let mut names = Vec::new();
    let mut path = "/api/inventory/orders/?limit=1000&ordering=id".to_owned();
    loop {
        let reply = server.get(&path).expect(200);
        names.extend(reply.json().rows().iter().map(|order| order.get("customer_name").unwrap().text().to_owned()));
        match reply.header("link").and_then(|link| link.split(['<', '>']).nth(1)) {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    names.sort();
    names
}

/// A file of an order each for `rows`, numbered as they are, all of `product` but the first ten.
fn numbered(rows: std::ops::Range<usize>) -> String {
    rows.fold(HEADER.to_owned(), |mut text, row| {
        let product = if row < 10 { 2 } else { 1 };
        writeln!(text, "N-{row},Cust{row:04},c@example.com,1,Here,{product},1").unwrap();
        text
    })
}

#[test]
fn a_row_is_placed_once_whatever_was_in_stock_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let content = numbered(0..260);
    let server = stocked(directory.path());
    let path = tried(&server, "orders.csv", &content);
    holds(&run(&server, &path), &["250 orders were placed", "10 were left out"]);
    drop(server);

    let server = stocked(directory.path());
    server.post("/api/inventory/products/2/adjust/", r#"{"set": 100, "reason": "came in"}"#).expect(200);
    let path = tried(&server, "orders.csv", &content);
    holds(&page(&server, &path), &["250 of 260 orders were placed before", "Place 10 orders"]);
    holds(&run(&server, &path), &["10 orders were placed: orders 251 to 260.", "250 of 260 orders were placed before"]);
    let expected: Vec<_> = (0..260).map(|row| format!("Cust{row:04}")).collect();
    assert_eq!(customers(&server), expected);
}

#[test]
fn a_run_that_a_stop_ended_is_finished_by_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let content = numbered(10..1_500);
    let server = stocked(directory.path());
    let path = tried(&server, "orders.csv", &content);
    goes_to(&submit(&server, &path, &format!("{path}run/"), &[]));
    drop(server);

    let server = stocked(directory.path());
    let path = tried(&server, "orders.csv", &content);
    run(&server, &path);
    let expected: Vec<_> = (10..1_500).map(|row| format!("Cust{row:04}")).collect();
    assert_eq!(customers(&server), expected);
}

#[test]
fn a_mended_copy_places_only_what_was_mended() {
    let server = filled();
    let content = format!("{HEADER}R8,Zoe,zoe@example.com,1,Here,1,2\nR9,Max,nonsense,1,Here,1,1\n");
    holds(&run(&server, &tried(&server, "a.csv", &content)), &["1 order was placed: order 6."]);
    let mended = content.replace("nonsense", "max@example.com");
    let path = tried(&server, "b.csv", &mended);
    holds(&page(&server, &path), &["Already placed as order 6", "Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 7."]);
    // Line ends, delimiters, a byte order mark, quotes and the order of columns are not what an order is.
    let semicolons = mended.replace(',', ";").replace("Zoe;", "\"Zoe\";");
    for copy in [mended.replace('\n', "\r\n"), semicolons.clone(), format!("\u{feff}sep=;\r\n{semicolons}")] {
        let path = tried(&server, "c.csv", &copy);
        holds(&page(&server, &path), &["2 of 2 orders were placed before", "as orders 6 to 7"]);
        holds(&run(&server, &path), &["Nothing new was placed."]);
    }
    server.get("/admin/orders/8/").expect(404);
}

#[test]
fn a_text_that_was_placed_with_other_content_is_placed_again_only_when_asked() {
    let server = filled();
    let content = format!("{HEADER}R8,Zoe,zoe@example.com,1,Here,1,2\n");
    run(&server, &tried(&server, "a.csv", &content));
    let other = content.replace(",1,2", ",1,3");
    let path = tried(&server, "b.csv", &other);
    let said = "&quot;R8&quot; was placed before as order 6, with other content";
    holds(&page(&server, &path), &["the same text in", said, "name=\"again\""]);
    holds(&run(&server, &path), &["Nothing new was placed."]);
    let path = tried(&server, "b.csv", &other);
    holds(&run_with(&server, &path, &[("again", "on")]), &["1 order was placed: order 7."]);
    // Both are known now.
    for (content, id) in [(&content, 6), (&other, 7)] {
        let path = tried(&server, "c.csv", content);
        holds(&page(&server, &path), &[&format!("Already placed as order {id}")]);
    }
}

#[test]
fn equal_rows_of_one_file_are_as_many_orders() {
    let server = filled();
    let row = ",Zoe,zoe@example.com,1,Here,1,1\n";
    run(&server, &tried(&server, "a.csv", &format!("{HEADER}{row}{row}")));
    let path = tried(&server, "b.csv", &format!("{HEADER}{row}{row}{row}"));
    holds(&page(&server, &path), &["2 of 3 orders were placed before", "Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 8."]);
}

#[test]
fn a_line_with_the_wrong_number_of_cells_becomes_no_order() {
    let server = filled();
    let content = format!(
        "{HEADER}R2,Ann,a@example.com,1,12 Main St, Springfield,1,1\nR5,Bob,b@example.com,1,Road,1\n\
         R6,Cid,c@example.com,1,Road,1,1,,\nR7,Dan,d@example.com,1,Road,1,1\nR7,Dan,d@example.com,1,Road,2\n"
    );
    let path = tried(&server, "a.csv", &content);
    let shown = page(&server, &path);
    holds(&shown, &["Line 2 has 8 cells, the header has 7.", "Line 3 has 6 cells", "Line 6 may be one of its lines"]);
    holds(&shown, &["Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 6."]);
    holds(&page(&server, "/orders/6/"), &["Cid"]);
    let refused = server.get(&format!("/admin{path}refused/")).expect(200);
    holds(refused.text(), &[",R2,Ann,a@example.com,1,12 Main St, Springfield,1,1\r\n", ",R7,Dan,"]);
}

#[test]
fn quotes_that_do_not_fit_refuse_the_file_and_name_the_line() {
    let server = filled();
    let rest = "R4,Bob,b@example.com,1,Road 4,1,1\n";
    for (address, said) in [
        ("\"Road 3", "The quote that opens in line 3 is never closed"),
        ("\"12\" Main St", "There is text behind a closing quote in line 3"),
    ] {
        let content = format!("{HEADER}{rest}R3,Ann,a@example.com,1,{address},1,1\n{rest}");
        holds(upload(&server, "a.csv", &content).expect(400).text(), &[said]);
    }
}

#[test]
fn lines_of_one_order_are_joined_wherever_they_are() {
    let server = filled();
    let content = format!(
        "{HEADER}R6,Ann,a@example.com,1,Road,1,1\nR7,Bob,b@example.com,1,Road,1,1\nR6,Ann,a@example.com,1,Road,2,1\n\
         R8,Cid,c@example.com,1,Road,1,1\nR8,,,,,2,1\n,,,,,1,1\nR9,Dan,d@example.com,1,Road,1,1\nR9,Eve,,,,1,1\n"
    );
    let path = tried(&server, "a.csv", &content);
    let shown = page(&server, &path);
    holds(&shown, &["lines 2 and 4", "were joined", "Place 3 orders", "lines 5 to 7"]);
    holds(&shown, &["Line 7 names no order and no customer", "do not have the same customer_name", "With a remark 2"]);
    holds(&run(&server, &path), &["3 orders were placed: orders 6 to 8."]);
    let lines = |id: u64| server.get(&format!("/api/inventory/orders/{id}/")).json().get("items").unwrap().rows().len();
    assert_eq!([lines(6), lines(7), lines(8)], [2, 1, 3]);
}

#[test]
fn a_column_that_no_order_has_a_field_for_is_left_out_only_when_that_was_seen() {
    let server = filled();
    let content = "customer_name,customer_email,customer_phone,delivery_address,product_id,qty\n\
                   Zoe,zoe@example.com,1,Here,1,5\n";
    let path = tried(&server, "a.csv", content);
    holds(&page(&server, &path), &["Leave out the column &quot;qty&quot;", "each line is one unit"]);
    let reply = submit(&server, &path, &format!("{path}run/"), &[]);
    holds(reply.expect(400).text(), &["Nothing was placed. Tick that"]);
    holds(&run_with(&server, &path, &[("ignore", "on")]), &["1 order was placed: order 6."]);
}

#[test]
fn what_was_left_out_is_a_file_like_the_one_that_came() {
    let server = filled();
    let header = HEADER.replace(',', ";").replace("quantity", "quantity;note");
    let content = format!(
        "\u{feff}sep=;\r\n\r\n{header}A;\"=Zoe\";nonsense;+880 1;\"Here; or there\";1;1;fragile\n\
         B;Max;max@example.com;8.8017E+12;Here;1;1;\nC;Ina;ina@example.com;none;Here;1;1;\n"
    );
    let path = tried(&server, "my%20orders%C3%A9.csv", &content);
    holds(
        &page(&server, &path),
        &["a spreadsheet has made 8.8017E+12", "&quot;none&quot; has no digit", "Place 1 order<"],
    );
    let refused = server.get(&format!("/admin{path}refused/")).expect(200);
    let named = refused.header("content-disposition").unwrap();
    assert_eq!(named, "attachment; filename=\"my orders_-left-out.csv\"");
    let text = refused.text();
    assert!(text.starts_with("\u{feff}reason;order;customer_name;"), "{text}");
    holds(
        text,
        &[
            "quantity;note\r\n",
            "Enter a valid email address.;A;'=Zoe;nonsense;'+880 1;\"Here; or there\";1;1;fragile\r\n",
        ],
    );
    // It is taken as it is, and says the same of both.
    let again = tried(&server, "again.csv", text);
    let shown = page(&server, &again);
    holds(&shown, &["=Zoe", "Enter a valid email address.", "a spreadsheet has made"]);
    assert!(!shown.contains("&#x27;=Zoe"), "{shown}");
    let third = server.get(&format!("/admin{again}refused/")).expect(200);
    assert_eq!(third.text().lines().next(), text.lines().next());
}

#[test]
fn rows_stop_at_the_limit_while_they_are_read() {
    let server = Running::with(|settings| (settings.limits.bulk_orders, settings.limits.order_lines) = (3, 3));
    let row = "Zoe,zoe@example.com,1,Here,1,1\n";
    let many = format!("{HEADER}{}", format!(",{row}").repeat(4));
    holds(upload(&server, "a.csv", &many).expect(400).text(), &["The file holds more than 3 orders"]);
    let many = format!("[{}]", ["{}"; 4].join(","));
    holds(upload(&server, "a.json", &many).expect(400).text(), &["The file holds more than 3 orders"]);
    let long = format!("{HEADER}{}", format!("A,{row}").repeat(4));
    holds(upload(&server, "a.csv", &long).expect(400).text(), &["Line 5", "has more than 3 lines"]);
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let server = filled();
    let content = format!("\n{HEADER}A,Zoe,nonsense,1,Here,1,1\nB,Max,nonsense,1,Here,1,1\n").replace('\n', "\r");
    holds(&page(&server, &tried(&server, "a.csv", &content)), &["line 3", "line 4"]);
    // Nor does an empty line at the beginning hide what separates the cells.
    for content in [content.replace(',', ";"), content.replace(',', "\t"), format!("\r\r{}", content.replace(',', ";"))]
    {
        holds(&page(&server, &tried(&server, "b.csv", &content)), &["Enter a valid email address.", "Zoe", "Max"]);
    }
}

#[test]
fn a_row_of_a_json_file_that_says_something_twice_is_left_out_and_says_what() {
    let server = filled();
    let order = super::browser::order;
    let named = order("Zoe").replacen('{', r#"{"order": "DK", "order": "DK2", "#, 1);
    let line = order("Max").replace(r#""quantity": 2"#, r#""quantity": 2, "quantity": 20"#);
    let noted = order("Ida").replacen('{', r#"{"reason": "now", "reason": "before", "#, 1);
    let path = tried(&server, "orders.json", &format!("[{named}, {line}, {noted}]"));
    let shown = page(&server, &path);
    holds(&shown, &["DK", "Zoe", "&quot;order&quot; is there twice", "items 1: &quot;quantity&quot; is there twice"]);
    holds(&shown, &["Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 6."]);
    holds(&page(&server, "/orders/6/"), &["Ida"]);
    // What was left out can be mended in the file that says so.
    let refused = server.get(&format!("/admin{path}refused/")).expect(200);
    let mended = refused.text().replace(r#""order": "DK", "#, "").replace(r#", "quantity": 20"#, "");
    holds(&page(&server, &tried(&server, "mended.json", &mended)), &["Place 2 orders"]);
}

#[test]
fn what_was_placed_as_often_as_it_may_be_says_so() {
    let server = filled();
    let content = format!("{HEADER}R8,Zoe,zoe@example.com,1,Here,1,1\n");
    run(&server, &tried(&server, "a.csv", &content));
    for id in 7..14 {
        let path = tried(&server, "a.csv", &content);
        let over = run_with(&server, &path, &[("again", "on")]);
        holds(&over, &[&format!("1 order was placed: order {id}.")]);
        assert!(!over.contains("cannot be placed again"), "{over}");
    }
    let said = "1 order of the file was placed 8 times and cannot be placed again.";
    let path = tried(&server, "a.csv", &content);
    let shown = page(&server, &path);
    holds(&shown, &[said, "give it another text in <code>order</code>"]);
    assert!(!shown.contains("name=\"again\""), "{shown}");
    // A page from before may still have the tick.
    goes_to(&submit(&server, "/upload/", &format!("{path}run/"), &[("again", "on")]));
    holds(&ended(&server, &path), &["Nothing new was placed.", said]);
    server.get("/admin/orders/14/").expect(404);
}

#[test]
fn what_travels_compressed_is_refused_and_not_taken_for_text() {
    let server = filled();
    let (cookie, csrf) = begun(&server, "/upload/");
    let content = format!("{HEADER},Zoe,zoe@example.com,1,Here,1,1\n");
    let file = [("Content-Type", "application/octet-stream"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    for encoding in ["gzip", "br"] {
        let coded = [("Content-Encoding", encoding)];
        let send = |path: &str, headers: &[(&str, &str)], body: &str| {
            crate::support::send(server.address, "POST", path, &[headers, &coded].concat(), body.as_bytes()).expect(415)
        };
        send("/admin/upload/?name=a.csv", &file, &content);
        let sent = format!("csrf={csrf}&reason=x");
        send("/admin/orders/1/cancel/", &form, &sent);
    }
    assert!(page(&server, "/orders/1/").contains("Cancel the order"), "nothing was done");
}

#[test]
fn what_is_not_known_is_not_called_not_placed() {
    let mut journal = std::path::PathBuf::new();
    let server = Running::with(|settings| {
        settings.journal.segment_bytes = 1 << 20;
        journal = settings.general.data_dir.join("journal");
    });
    let api = |path: &str, body: &str| server.post(&format!("/api/inventory{path}"), body).expect_one_of(&[200, 201]);
    api("/categories/", r#"{"name": "Phones"}"#);
    api("/products/", r#"{"name": "Phone", "price": "299.99", "stock": 90000, "category_id": 1}"#);
    let far = "far away ".repeat(300);
    let mut content = HEADER.to_owned();
    for row in 0..1_500 {
        writeln!(content, ",Zoe{row:04},zoe@example.com,1,{far},1,1").unwrap();
    }
    let path = tried(&server, "orders.csv", &content);
    // The next segment finds no place, and the journal fails in the middle of the file.
    std::fs::rename(&journal, journal.with_file_name("gone")).unwrap();
    let over = run(&server, &path);
    std::fs::rename(journal.with_file_name("gone"), &journal).unwrap();
    holds(&over, &["It ended early: The engine has stopped.", "not known whether", "the same file settles it"]);
    let place = journal.parent().unwrap().to_str().unwrap();
    assert!(!over.contains(place), "no clerk needs to know where the files are: {over}");
    let unknown = page(&server, &format!("{path}?show=unknown"));
    holds(&unknown, &["Not known whether it was placed; uploading the same file again settles it"]);
    assert!(!unknown.contains("Not placed:"), "{unknown}");
    let open = page(&server, &format!("{path}?show=open"));
    holds(&open, &["Not placed:"]);
    assert!(!open.contains("Not known whether"), "{open}");
}

#[test]
fn nobody_is_told_milliseconds() {
    use packhorse::actors::{Failure, OrderFailure};
    let retry_after = Duration::from_millis(1_500);
    for failure in [Failure::<OrderFailure>::Busy { retry_after }, Failure::NoSpace { retry_after }] {
        let text = failure.to_string();
        assert!(!text.contains(" ms") && text.contains("try again in 2 s"), "{text}");
    }
    let server = Running::with(|settings| settings.http.body_timeout = Duration::from_millis(300));
    let (cookie, csrf) = begun(&server, "/upload/");
    let head = format!(
        "POST /admin/upload/?name=a.csv HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n\
         X-Csrf-Token: {csrf}\r\nCookie: {cookie}\r\nContent-Length: 100\r\nConnection: close\r\n\r\norder,"
    );
    let reply = crate::support::exchange(server.address, head.as_bytes());
    assert_eq!(reply.status, 408, "{}", reply.text());
    holds(reply.text(), &["did not arrive in time"]);
    assert!(!reply.text().contains(" ms"), "{}", reply.text());
}

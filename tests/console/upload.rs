//! Files of orders: tried out row by row, then placed, and not twice.

use std::time::{Duration, Instant};

use super::browser::{begun, filled, goes_to, holds, page, submit};
use crate::support::{Reply, Running};

const HEADER: &str = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n";

/// Sends a file as the script of the page does.
fn upload(server: &Running, name: &str, content: &str) -> Reply {
    let (cookie, csrf) = begun(server, "/upload/");
    let headers = [("Content-Type", "application/octet-stream"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    server.send("POST", &format!("/admin/upload/?name={name}"), &headers, content)
}

/// Tries `content` out; answers with the path of its page.
fn tried(server: &Running, name: &str, content: &str) -> String {
    goes_to(&upload(server, name, content)).strip_prefix("/admin").unwrap().to_owned()
}

/// Places what can be placed, and waits for the end.
fn run(server: &Running, path: &str) -> String {
    goes_to(&submit(server, path, &format!("{path}run/"), &[]));
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

    // The same file again: what came of it is shown, and there is nothing to press.
    assert_eq!(tried(&server, "orders.csv", &content), path);
    holds(&page(&server, &path), &["2 orders were placed"]);
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
    holds(&run(&server, &path), &["Placed as order 6", "Placed as order 7"]);
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
    check("x.csv", "", "Column &quot;customer_name&quot; is missing");
    check("x.csv", "customer_name,colour\n", "Column &quot;colour&quot; is unknown");
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

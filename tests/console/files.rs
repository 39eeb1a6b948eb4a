//! Files of orders as odd as programs make them: what is read of them is what they say, and what is left out of them can
//! be mended.

use super::browser::{filled, holds, order, page};
use super::upload::{HEADER, run, tried};
use crate::support::Running;

/// How many lines the order `id` has.
fn lines(server: &Running, id: u64) -> usize {
    server.get(&format!("/api/inventory/orders/{id}/")).expect(200).json().get("items").unwrap().rows().len()
}

/// The same letter as one sign, and as two.
const ONE: &str = "Caf\u{e9}";
const TWO: &str = "Cafe\u{301}";

#[test]
fn a_text_is_the_same_however_its_accents_are_written() {
    let server = filled();
    let content = format!("{HEADER}{ONE},{TWO},z@example.com,1,Here,1,2\n{TWO},{ONE},z@example.com,1,Here,2,1\n");
    let path = tried(&server, "a.csv", &content);
    holds(&page(&server, &path), &["lines 2 to 3", "Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 6."]);
    assert_eq!(lines(&server, 6), 2);
    // A line that cannot be read may belong to an order whichever way both are written.
    let content = format!("{HEADER}{ONE}2,Zoe,z@example.com,1,Here,1,2\n{TWO}2,Zoe,z@example.com,1,Here,2\n");
    holds(&page(&server, &tried(&server, "b.csv", &content)), &["Line 3 may be one of its lines"]);
    let named = |text: &str| order("Zoe").replacen('{', &format!(r#"{{"order": "{text}3", "#), 1);
    let path = tried(&server, "a.json", &format!("[{}, {}]", named(ONE), named(TWO)));
    holds(&page(&server, &path), &["An order before it in this file has the same text", "Place 1 order<"]);
    holds(&run(&server, &path), &["1 order was placed: order 7.", "1 was left out."]);
}

//! Files of orders as odd as programs make them: what is read of them is what they say, and what is left out of them
//! can be mended.

use super::browser::{begun, filled, holds, order, page, send, submit};
use super::upload::{HEADER, run, run_with, tried, upload};
use crate::support::Running;

/// The file of what was left out of the file at `path`.
fn left_out(server: &Running, path: &str) -> String {
    server.get(&format!("/admin{path}refused/")).expect(200).text().to_owned()
}

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

#[test]
fn a_member_that_no_order_has_is_left_out_of_a_json_file_only_when_that_was_seen() {
    let server = filled();
    let mistyped = order("Zoe").replace("quantity", "qty").replacen('{', r#"{"note": "gift", "reason": "none", "#, 1);
    let path = tried(&server, "a.json", &format!("[{mistyped}]"));
    let shown = page(&server, &path);
    holds(
        &shown,
        &[
            "Leave out the fields &quot;note&quot;, &quot;items.qty&quot;",
            "In 1 line no quantity is given: it is one unit. It is of order 1.",
        ],
    );
    let reply = submit(&server, &path, &format!("{path}run/"), &[]);
    holds(reply.expect(400).text(), &["Nothing was placed. Tick that", "items.qty"]);
    holds(&run_with(&server, &path, &[("ignore", "on")]), &["1 order was placed: order 6."]);
}

#[test]
fn an_order_that_is_no_text_is_told_and_not_dropped() {
    let server = filled();
    let named = |member: &str| order("Zoe").replacen('{', &format!("{{{member}, "), 1);
    let rows = [r#""order": ["x"]"#, r#""order": true"#, r#""order": {}"#, r#""order": "a\u0000b""#].map(named);
    let path = tried(&server, "a.json", &format!("[{}]", rows.join(",")));
    let shown = page(&server, &path);
    assert_eq!(shown.matches("&quot;order&quot; is neither a text nor a number.").count(), 3, "{shown}");
    holds(&shown, &["holds a null character", "No order of this file can be placed."]);
    let rows = [r#""order": null"#, r#""order": 7"#, r#""Order": "8""#].map(named);
    let path = tried(&server, "b.json", &format!("[{}]", rows.join(",")));
    holds(&page(&server, &path), &["Leave out the field &quot;Order&quot;", "Place 3 orders<"]);
    let path = tried(&server, "a.csv", &format!("{HEADER}a\0b,Zoe,z@example.com,1,Here,1,1\n"));
    holds(&page(&server, &path), &["holds a null character"]);
}

#[test]
fn names_that_no_order_has_are_told_up_to_a_number() {
    let server = filled();
    let members = |row: usize| (0..50).map(|n| format!(r#""x{row}-{n}": 1, "#)).collect::<Vec<_>>().concat();
    let row = |row: usize| order("Zoe").replacen('{', &format!("{{{}", members(row)), 1);
    let content = (0..50).map(row).collect::<Vec<_>>().join(",");
    let path = tried(&server, "a.json", &format!("[{content}]"));
    let shown = page(&server, &path);
    holds(&shown, &["&quot;x0-0&quot;", "&quot;x0-19&quot; and more"]);
    assert!(!shown.contains("x0-20"), "{shown}");
    let refused = submit(&server, &path, &format!("{path}run/"), &[]).expect(400);
    holds(refused.text(), &["x0-19&quot; and more"]);
    assert!(!refused.text().contains("x0-20"), "{}", refused.text());
}

#[test]
fn an_empty_quantity_is_one_and_the_page_says_so() {
    let server = filled();
    let content = format!("{HEADER}A,Zoe,z@example.com,1,Here,1,\nB,Max,m@example.com,1,Here,1,2\nB,,,,,2,\n");
    holds(
        &page(&server, &tried(&server, "a.csv", &content)),
        &["In 2 lines no quantity is given: each is one unit. The first is of line 2."],
    );
    let silent = order("Zoe").replace(r#", "quantity": 2"#, "");
    holds(
        &page(&server, &tried(&server, "a.json", &format!("[{}, {silent}]", order("Max")))),
        &["In 1 line no quantity is given: it is one unit. It is of order 2."],
    );
}

#[test]
fn a_file_with_several_byte_order_marks_loses_nothing() {
    let server = filled();
    let rows = "Ö1,Zoë,nonsense,1,Straße,1,2\nÖ2,Max,nonsense,1,Straße,1,2\n";
    for marks in 1..4 {
        let path = tried(&server, "a.csv", &format!("{}{HEADER}{rows}", "\u{feff}".repeat(marks)));
        let text = left_out(&server, &path);
        assert!(text.starts_with(&format!("\u{feff}reason,{}", HEADER.trim_end())), "{text}");
        holds(&text, &[",Ö1,Zoë,nonsense,1,Straße,1,2\r\n", ",Ö2,Max,nonsense,1,Straße,1,2\r\n"]);
    }
    // One in front of the header, behind the line that names the separator.
    let content = format!("sep=,\n\u{feff}{HEADER}A,Zoe,z@example.com,1,Here,1,2\nA,,,,,2,1\n");
    holds(&page(&server, &tried(&server, "b.csv", &content)), &["lines 3 to 4", "Place 1 order<"]);
    let path = tried(&server, "a.json", &format!("\u{feff}\u{feff}[{}]", order("Zoë").replace("a@", "")));
    holds(&left_out(&server, &path), &["Zoë"]);
}

#[test]
fn what_was_left_out_is_taken_again_whatever_separates_its_cells() {
    let server = filled();
    for separator in [",", ";", "\t", "|"] {
        // A header in which another separator is more frequent.
        let header = HEADER.trim_end().replace(',', separator);
        let header = format!("{header}{separator}\"{}\"", if separator == ";" { ",,,,,,,,,,," } else { ";;;;;;;;;;;" });
        let row = "A,Zoe,nonsense,1,Here,1,2,".replace(',', separator);
        let path = tried(&server, "a.csv", &format!("sep={separator}\n{header}\n{row}\n"));
        let text = left_out(&server, &path);
        let again = tried(&server, "b.csv", &text.replace("nonsense", "z@example.com"));
        holds(&page(&server, &again), &["Zoe", "Can be placed: 599.98"]);
        assert_eq!(left_out(&server, &tried(&server, "c.csv", &text)), text);
    }
}

#[test]
fn of_equal_orders_those_that_were_left_out_are_placed_from_their_own_file() {
    let server = filled();
    let stock = |units: u32| {
        let body = format!(r#"{{"set": {units}, "reason": "came in"}}"#);
        server.post("/api/inventory/products/2/adjust/", &body).expect(200);
    };
    let row = |name: &str| format!(",{name},z@example.com,1,Here,2,1\n");
    let csv = format!("{HEADER}{}{}", row("Zoe").repeat(4), row("Max"));
    let equal = order("Ina").replace("\"product_id\": 1, \"quantity\": 2", "\"product_id\": 2, \"quantity\": 1");
    let json = format!("[{0}, {0}, {0}, {0}, {1}]", equal, equal.replace("Ina", "Ulf"));
    let mut newest = 5;
    for (name, content) in [("a.csv", csv), ("a.json", json)] {
        // Three are there: the fourth, which is equal to them, is left out, and another one.
        let path = tried(&server, name, &content);
        holds(&run(&server, &path), &["3 orders were placed", "2 were left out"]);
        let rest = left_out(&server, &path);
        holds(&rest, &["copy", "4"]);
        // It is the same when it goes round once more.
        assert_eq!(left_out(&server, &tried(&server, name, &rest)).matches("copy").count(), 1);
        stock(10);
        let again = tried(&server, name, &rest);
        let shown = page(&server, &again);
        holds(&shown, &["Place 2 orders<"]);
        assert!(!shown.contains("placed before"), "{shown}");
        holds(&run(&server, &again), &["2 orders were placed"]);
        // The whole file knows all of them.
        holds(&page(&server, &tried(&server, name, &content)), &["5 of 5 orders were placed before"]);
        newest += 5;
        server.get(&format!("/admin/orders/{newest}/")).expect(200);
        server.get(&format!("/admin/orders/{}/", newest + 1)).expect(404);
        stock(if name == "a.csv" { 8 } else { 10 });
    }
    stock(20);
    let wrong = format!("copy,{HEADER}0{0}x{0}2{0}", format!(",{}", row("Eva")));
    let shown = page(&server, &tried(&server, "b.csv", &wrong));
    assert_eq!(shown.matches("Write which copy it is").count(), 2, "{shown}");
    holds(&shown, &["Place 1 order<"]);
}

#[test]
fn rows_behind_the_last_are_none_and_the_page_leads_back() {
    let server = filled();
    let path = tried(&server, "a.csv", &format!("{HEADER}A,Zoe,z@example.com,1,Here,1,2\n"));
    for from in ["18446744073709551615", "100000000", "100", "1"] {
        let shown = page(&server, &format!("{path}?from={from}"));
        holds(&shown, &["Zoe"]);
        assert!(!shown.contains("?from="), "{shown}");
    }
}

#[test]
fn a_form_is_a_form_in_whatever_letters_its_type_is_written() {
    let server = filled();
    for kind in ["Application/X-WWW-Form-URLEncoded", "application/x-www-form-urlencoded ; charset=utf-8"] {
        let (cookie, csrf) = begun(&server, "/upload/");
        let headers = [("Content-Type", kind), ("Cookie", &*cookie)];
        let body = format!("csrf={csrf}&content={}A,Zoe,z%40example.com,1,Here,1,2", HEADER.replace('\n', "%0A"));
        let reply = server.send("POST", "/admin/upload/", &headers, &body);
        let path = super::browser::goes_to(&reply).strip_prefix("/admin").unwrap();
        holds(&page(&server, path), &["Zoe", "Place 1 order<"]);
    }
}

#[test]
fn what_is_no_file_of_orders_is_named_with_the_remedy() {
    let server = filled();
    let check =
        |name: &str, content: &str, said: &str| holds(upload(&server, name, content).expect(400).text(), &[said]);
    check("a.csv", "", "The file is empty.");
    check("a.json", "\u{feff}\u{feff} \r\n", "The file is empty.");
    check("a.json", "{\"orders\": []}", "Put the orders between [ and ]");
    check("a.csv", &format!("[{}]", order("Zoe")), "This looks like JSON");
    check("a.csv", &format!("{HEADER}A,Zoe,z@example.com,1,Here,1,1\n").replace('\n', "\u{2028}"), "U+2028");
    let path = tried(&server, "a.json", &format!("[7, null, \"x\", [], {}]", order("Zoe")));
    let shown = page(&server, &path);
    assert_eq!(shown.matches("This is no order: put what it says between { and }.").count(), 4, "{shown}");
    holds(&shown, &["Place 1 order<"]);
    let (cookie, csrf) = begun(&server, "/upload/");
    let headers = [("Content-Type", "Multipart/Form-Data; boundary=x"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    let body = format!("--x\r\nContent-Disposition: form-data; name=f\r\n\r\n{HEADER}\r\n--x--\r\n");
    let refused = server.send("POST", "/admin/upload/", &headers, &body).expect(415);
    holds(refused.text(), &["Send the file as it is"]);
}

#[test]
fn a_form_that_is_too_large_says_so_and_not_that_it_has_expired() {
    let server = filled();
    let content = format!("{HEADER}{}", "A,Zoe,z@example.com,1,Here,1,1\n".repeat(12_000));
    let refused = submit(&server, "/upload/", "/upload/", &[("content", &content)]).expect(413);
    let remedy = "Save the text as a file and choose that, or paste a part of it at a time.";
    holds(refused.text(), &["too large to be pasted: a form takes 1024 KiB", "Nothing was placed.", remedy]);
    holds(refused.text(), &["href=\"&#x2f;admin&#x2f;upload&#x2f;\">Back to the page"]);
    assert!(!refused.text().contains("expired"), "{}", refused.text());
    let refused = submit(&server, "/orders/new/", "/orders/new/", &[("customer_name", &content)]).expect(413);
    holds(refused.text(), &["too large for a form, which takes 1024 KiB. Nothing was saved."]);
    assert!(!refused.text().contains("file"), "{}", refused.text());
    // Whose session ended meanwhile has room for less, and that is not what is wrong with their form.
    let closed = super::people::manned();
    for path in ["/upload/", "/orders/new/"] {
        let signed_out = send(&closed, "", path, &[("content", &content)]).expect(403);
        holds(signed_out.text(), &["You are signed out. Nothing was saved.", "Sign in"]);
    }
}

//! What forms do, and what they say when they are not taken.

use super::browser::{begun, filled, goes_to, hidden, holds, page, send, submit};

#[test]
fn an_order_is_placed_once_however_often_its_form_is_sent() {
    let server = filled();
    let token = hidden(&page(&server, "/orders/new/"), "token");
    let fields = [
        ("token", token.as_str()),
        ("customer_name", "Zoe"),
        ("customer_email", "zoe@example.com"),
        ("customer_phone", "1"),
        ("delivery_address", "Here"),
        ("product_id", "1"),
        ("quantity", "3"),
        ("product_id", ""),
        ("quantity", ""),
    ];
    for _ in 0..2 {
        let placed = submit(&server, "/orders/new/", "/orders/new/", &fields);
        assert_eq!(goes_to(&placed), "/admin/orders/6/?note=placed");
    }
    server.get("/admin/orders/7/").expect(404);
    holds(&page(&server, "/orders/6/?note=placed"), &["Zoe", "zoe@example.com", "its stock is reserved"]);
}

#[test]
fn a_form_keeps_what_was_filled_in_and_says_what_is_wrong_beside_the_field() {
    let server = filled();
    let fields = [
        ("customer_name", "Zoe & <Co>"),
        ("customer_email", "nonsense"),
        ("customer_phone", ""),
        ("delivery_address", "Line 1\nLine 2"),
        ("product_id", "1"),
        ("quantity", "0"),
    ];
    let reply = submit(&server, "/orders/new/", "/orders/new/", &fields).expect(400);
    let page = reply.text();
    holds(page, &["value=\"Zoe &amp; &lt;Co&gt;\"", "value=\"nonsense\"", "Line 1\nLine 2", "value=\"0\""]);
    holds(page, &["Enter a valid email address.", "Phone is missing.", "Quantity must be 1 or more.", "aria-invalid"]);
    let grouped = [("product_id", "1"), ("quantity", "1.000")];
    let reply = submit(&server, "/orders/new/", "/orders/new/", &grouped).expect(400);
    holds(reply.text(), &["write 1000 or 1.", "value=\"1.000\""]);
    let empty = submit(&server, "/orders/new/", "/orders/new/", &[("customer_name", "Zoe")]).expect(400);
    holds(empty.text(), &["Add at least one product.", "value=\"Zoe\""]);
    let fields = [("name", ""), ("price", "cheap"), ("category_id", "1"), ("description", "Kept")];
    let reply = submit(&server, "/products/new/", "/products/new/", &fields).expect(400);
    holds(
        reply.text(),
        &["Name is missing.", "Price must be a number such as 12.50.", "value=\"cheap\"", ">Kept</textarea>"],
    );
}

#[test]
fn an_order_is_moved_cancelled_edited_and_archived() {
    let server = filled();
    let moved = submit(&server, "/orders/1/", "/orders/1/move/", &[("to", "processing"), ("reason", "picked")]);
    assert_eq!(goes_to(&moved), "/admin/orders/1/?note=moved");
    holds(&page(&server, "/orders/1/?note=moved"), &["The order is now processing.", "picked"]);
    let again = submit(&server, "/orders/1/", "/orders/1/move/", &[("to", "processing")]).expect(409);
    holds(again.text(), &["Order 1 is already processing."]);

    let blank = submit(&server, "/orders/4/", "/orders/4/cancel/", &[("reason", " ")]).expect(400);
    holds(blank.text(), &["Give a reason.", "<details open>"]);
    let cancelled = submit(&server, "/orders/4/", "/orders/4/cancel/", &[("reason", "too late")]);
    holds(
        &page(&server, goes_to(&cancelled).strip_prefix("/admin").unwrap()),
        &["Its stock is available again", "2 × ", "94 available"],
    );

    let fields =
        [("customer_name", "Eva"), ("customer_email", "eva@"), ("customer_phone", "2"), ("delivery_address", "There")];
    let wrong = submit(&server, "/orders/5/", "/orders/5/contact/", &fields).expect(400);
    holds(wrong.text(), &["Enter a valid email address.", "value=\"eva@\"", "value=\"Eva\""]);
    let fields = [
        ("customer_name", "Eva"),
        ("customer_email", "eva@example.com"),
        ("customer_phone", "2"),
        ("delivery_address", "There"),
    ];
    goes_to(&submit(&server, "/orders/5/", "/orders/5/contact/", &fields));
    holds(&page(&server, "/orders/5/"), &["Eva", "eva@example.com", "There"]);

    goes_to(&submit(&server, "/orders/3/", "/orders/3/archive/", &[]));
    assert!(!page(&server, "/orders/").contains("Carol"));
    submit(&server, "/orders/1/", "/orders/1/archive/", &[]).expect(409);
}

/// The contact form of an order, filled in otherwise.
fn contact<'a>(name: &'a str, phone: &'a str, version: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("customer_name", name),
        ("customer_email", "eva@example.com"),
        ("customer_phone", phone),
        ("delivery_address", "There 5"),
        ("version", version),
    ]
}

#[test]
fn a_contact_that_somebody_else_changed_meanwhile_comes_back_with_both_texts() {
    let server = filled();
    let version = hidden(&page(&server, "/orders/5/"), "version");
    goes_to(&submit(&server, "/orders/5/", "/orders/5/contact/", &contact("Eva", "111", &version)));
    let stale = submit(&server, "/orders/5/", "/orders/5/contact/", &contact("Evelyn", "2", &version)).expect(409);
    let text = stale.text();
    holds(text, &["Not saved: somebody else changed this order", ">Eva</td>", ">Evelyn</td>", ">111</td>", ">2</td>"]);
    holds(text, &["value=\"Evelyn\"", "<details open>"]);
    holds(&page(&server, "/orders/5/"), &["Eva", "111"]);
    let fresh = hidden(text, "version");
    assert_ne!(fresh, version);
    goes_to(&submit(&server, "/orders/5/", "/orders/5/contact/", &contact("Evelyn", "2", &fresh)));
    holds(
        &page(&server, "/orders/5/"),
        &[
            "Contact changed",
            "<del><bdi>Eva</bdi></del> <ins><bdi>Evelyn</bdi></ins>",
            "<del><bdi>111</bdi></del> <ins><bdi>2</bdi></ins>",
            "by somebody (open access)",
        ],
    );
}

#[test]
fn a_contact_that_can_no_longer_be_changed_is_said_at_the_top_with_what_was_typed() {
    let server = filled();
    let version = hidden(&page(&server, "/orders/5/"), "version");
    goes_to(&submit(&server, "/orders/5/", "/orders/5/move/", &[("to", "processing")]));
    let now = hidden(&page(&server, "/orders/5/"), "version");
    for version in [version, now] {
        let late = submit(&server, "/orders/5/", "/orders/5/contact/", &contact("Eva", "2", &version)).expect(409);
        let (top, _) = late.text().split_once("<ol class=\"way\"").unwrap();
        holds(top, &["role=\"alert\"", ">There 5</td>", ">Eva</td>"]);
    }
}

#[test]
fn a_product_that_somebody_else_changed_meanwhile_comes_back_with_both_texts() {
    let server = filled();
    let edit = "/products/1/edit/";
    let opened = page(&server, edit);
    let revision = hidden(&opened, "revision");
    let form = |name, price, revision| {
        [
            ("name", name),
            ("price", price),
            ("category_id", "1"),
            ("description", "Line 1\r\nLine 2"),
            ("expiry_date", ""),
            ("revision", revision),
        ]
    };
    goes_to(&submit(&server, edit, edit, &form("Renamed", "77.00", &revision)));
    let stale = submit(&server, edit, edit, &form("Mine", "39.90", &revision)).expect(409);
    holds(
        stale.text(),
        &["Not saved: somebody else changed this product", ">77.00</td>", ">39.90</td>", "value=\"Mine\""],
    );
    let fresh = hidden(stale.text(), "revision");
    let product = server.get("/api/inventory/products/1/").expect(200).json();
    assert_eq!(product.get("price").unwrap().text(), "77.00");
    assert_eq!(product.get("description").unwrap().text(), "Line 1\nLine 2", "lines end as they were typed");
    goes_to(&submit(&server, edit, edit, &form("Mine", "39.90", &fresh)));
}

#[test]
fn many_orders_are_looked_at_before_they_are_changed() {
    let server = filled();
    let ids = [("id", "1"), ("id", "2"), ("id", "3"), ("id", "99"), ("to", "cancelled")];
    let shown = |fields: &[(&str, &str)]| {
        let sent = submit(&server, "/orders/", "/orders/bulk/", fields);
        page(&server, goes_to(&sent).strip_prefix("/admin").unwrap())
    };
    holds(
        &shown(&ids),
        &["Cancel: 2 of 4 orders", "would go back in stock", "There is no such order.", "is already cancelled"],
    );
    holds(&page(&server, "/orders/?status=pending"), &["Alice"]);
    let run = [("id", "1"), ("id", "2"), ("to", "cancelled"), ("run", "1")];
    holds(submit(&server, "/orders/", "/orders/bulk/", &run).expect(400).text(), &["Cancelling needs a reason."]);
    let ids = [("id", "1:1"), ("id", "2:2"), ("id", "3:2")];
    let run: Vec<_> = ids.into_iter().chain([("to", "cancelled"), ("run", "1"), ("reason", "shop closed")]).collect();
    holds(&shown(&run), &["2 orders changed to cancelled", "went back in stock", "1 could not be changed"]);
    holds(&page(&server, "/orders/1/"), &["shop closed"]);
    submit(&server, "/orders/", "/orders/bulk/", &[("to", "shipped")]).expect(400);
}

#[test]
fn of_many_orders_one_that_changed_since_it_was_shown_is_left_as_it_is() {
    let server = filled();
    let ids = [("id", "1"), ("id", "2"), ("id", "1"), ("to", "cancelled")];
    let shown = |fields: &[(&str, &str)]| {
        let sent = submit(&server, "/orders/", "/orders/bulk/", fields);
        page(&server, goes_to(&sent).strip_prefix("/admin").unwrap())
    };
    let preview = shown(&ids);
    holds(&preview, &["Cancel: 2 of 2 orders"]);
    let chosen = |preview: &str| -> Vec<String> {
        preview.split("name=\"id\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let seen = chosen(&preview);
    server.patch("/api/inventory/orders/1/", r#"{"customer_name": "Al, paid by phone"}"#).expect(200);
    let run = |ids: &[String]| {
        let ids = ids.iter().map(|id| ("id", id.as_str()));
        shown(&ids.chain([("to", "cancelled"), ("run", "1"), ("reason", "shop closed")]).collect::<Vec<_>>())
    };
    let ran = run(&seen);
    holds(&ran, &["1 order changed to cancelled", "1 could not be changed", "It changed after it was shown"]);
    holds(&page(&server, "/orders/?status=pending"), &["Al, paid by phone"]);
    // Who looks again sees what it is now.
    let again = shown(&[("id", "1"), ("to", "cancelled")]);
    holds(&again, &["Al, paid by phone"]);
    holds(&run(&chosen(&again)), &["1 order changed to cancelled", "All of them were changed."]);
    for unreadable in ["x", "4:", "4:x", ":1", "4:99999999999"] {
        let fields = [("id", "4"), ("id", unreadable), ("to", "cancelled")];
        submit(&server, "/orders/", "/orders/bulk/", &fields).expect(400);
    }
}

#[test]
fn stock_is_not_set_on_a_number_that_is_no_longer_true() {
    let server = filled();
    let fields = [("how", "to"), ("amount", "80"), ("expected", "100"), ("reason", "stocktake")];
    let adjusted = submit(&server, "/products/1/", "/products/1/adjust/", &fields);
    let path = goes_to(&adjusted).strip_prefix("/admin").unwrap().to_owned();
    holds(&page(&server, &path), &["80 on hand now, 100 before", "Undo: back to 100", "stocktake"]);
    for link in [path.replace("was=100", "was=7"), path.split("&seal").next().unwrap().to_owned()] {
        assert!(!page(&server, &link).contains("Undo"), "a link takes nothing back: {link}");
    }
    let archived = submit(&server, "/products/2/", "/products/2/archive/", &[("archived", "true")]);
    holds(&page(&server, goes_to(&archived).strip_prefix("/admin").unwrap()), &["The product is archived", "Undo"]);
    assert!(!page(&server, "/products/2/?note=archived").contains("Undo"));
    let stale = submit(&server, "/products/1/", "/products/1/adjust/", &fields).expect(409);
    holds(
        stale.text(),
        &["Somebody changed the stock while you were looking: there are now 80 on hand", "value=\"80\""],
    );
    let by = [("how", "by"), ("amount", "-3"), ("expected", "80"), ("reason", "damaged")];
    goes_to(&submit(&server, "/products/1/", "/products/1/adjust/", &by));
    holds(&page(&server, "/products/1/"), &["77", "damaged"]);
    let below = [("how", "to"), ("amount", "2"), ("expected", "77")];
    holds(
        submit(&server, "/products/1/", "/products/1/adjust/", &below).expect(409).text(),
        &["reserved for open orders"],
    );
    let grouped = [("how", "to"), ("amount", "1,000"), ("expected", "77")];
    let refused = submit(&server, "/products/1/", "/products/1/adjust/", &grouped).expect(400);
    holds(refused.text(), &["write 1000 or 1.", "value=\"1,000\""]);
    let minus = [("how", "by"), ("amount", "\u{2212}2"), ("expected", "77"), ("reason", "as the page writes it")];
    goes_to(&submit(&server, "/products/1/", "/products/1/adjust/", &minus));
    let words = [("how", "to"), ("amount", "many"), ("expected", "77")];
    holds(
        submit(&server, "/products/1/", "/products/1/adjust/", &words).expect(400).text(),
        &["Quantity must be a whole number.", "value=\"many\""],
    );
}

#[test]
fn the_catalogue_is_changed() {
    let server = filled();
    goes_to(&submit(&server, "/categories/", "/categories/", &[("name", "Cases")]));
    holds(
        submit(&server, "/categories/", "/categories/", &[("name", "Cases")]).expect(400).text(),
        &["already a category with this name", "value=\"Cases\""],
    );
    goes_to(&submit(&server, "/categories/", "/categories/2/rename/", &[("name", "Covers")]));
    holds(submit(&server, "/categories/", "/categories/1/delete/", &[]).expect(409).text(), &["is used by 2 products"]);
    let fields =
        [("name", "Strap"), ("price", "4.50"), ("stock", "12"), ("category_id", "2"), ("expiry_date", "2099-01-31")];
    let made = submit(&server, "/products/new/", "/products/new/", &fields);
    assert_eq!(goes_to(&made), "/admin/products/3/?note=created");
    holds(&page(&server, "/products/3/"), &["Strap", "Covers", "4.50", "12", "2099-01-31"]);
    let fields =
        [("name", "Strap"), ("price", "5"), ("category_id", "2"), ("expiry_date", ""), ("description", "Leather")];
    goes_to(&submit(&server, "/products/3/edit/", "/products/3/edit/", &fields));
    holds(&page(&server, "/products/3/"), &["5.00", "Leather"]);
    goes_to(&submit(&server, "/products/3/", "/products/3/archive/", &[("archived", "true")]));
    assert!(!page(&server, "/products/").contains("Strap"));
    holds(&page(&server, "/products/?archived=1"), &["Strap"]);
    goes_to(&submit(&server, "/products/3/", "/products/3/archive/", &[("archived", "false")]));
    goes_to(&submit(&server, "/products/3/", "/products/3/delete/", &[]));
    submit(&server, "/products/1/", "/products/1/delete/", &[]).expect(409);
    goes_to(&submit(&server, "/categories/", "/categories/2/delete/", &[]));
}

#[test]
fn a_form_that_no_page_of_ours_sent_is_refused() {
    let server = filled();
    let (cookie, own) = begun(&server, "/orders/1/");
    let (other_cookie, _) = begun(&server, "/orders/1/");
    let wrong = "0".repeat(own.len());
    let paths = super::posts::routes("post").into_iter().map(|route| route.replace("{id}", "1"));
    let paths = paths.map(|path| path.replace("{key}", "0").replace("{name}", "ann"));
    let fields = [("to", "processing"), ("reason", "forged"), ("id", "1"), ("name", "Forged"), ("archived", "true")];
    for path in paths {
        for (cookie, token) in [("", None), (&*cookie, None), (&*cookie, Some(&*wrong)), (&*other_cookie, Some(&*own))]
        {
            let token = token.map(|token| ("csrf", token));
            let fields: Vec<_> = token.into_iter().chain(fields).collect();
            send(&server, cookie, &path, &fields).expect(403);
        }
    }
    server
        .send("POST", "/admin/upload/?name=x.csv", &[("Content-Type", "text/csv"), ("Cookie", &cookie)], "a")
        .expect(403);
    assert!(!page(&server, "/orders/1/").contains("forged"));
    assert!(!page(&server, "/categories/").contains("Forged"));
}

//! What lists hold, over HTTP: the filters of orders and products, and what is met page after page.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::thread;
use std::time::Duration;

use support::Running;

const ORDERS: &str = "/api/inventory/orders/";
const PRODUCTS: &str = "/api/inventory/products/";

/// A phone, a case of which there are few, a pager that is archived, and orders of Ann, Bob and Annabel.
fn shop() -> Running {
    let server = Running::start();
    let post = |path: &str, body: &str| server.post(path, body).expect(201);
    for name in ["Phones", "Covers"] {
        post("/api/inventory/categories/", &format!(r#"{{"name": "{name}"}}"#));
    }
    for (name, stock, category) in [("Phone", 100, 1), ("Phone case", 5, 2), ("Pager", 5, 1)] {
        let body = format!(r#"{{"name": "{name}", "price": "9.50", "stock": {stock}, "category_id": {category}}}"#);
        post(PRODUCTS, &body);
    }
    server.send("PATCH", "/api/inventory/products/3/", &[], r#"{"archived": true}"#).expect(200);
    for (name, phone, product) in [("Ann", "0170", 1), ("Bob", "0171", 2), ("Annabel", "0172", 1)] {
        let items = format!(r#"[{{"product_id": 1}}, {{"product_id": {product}}}]"#);
        post(
            ORDERS,
            &format!(
                r#"{{"customer_name": "{name}", "customer_email": "{name}@example.com", "customer_phone": "{phone}", "delivery_address": "Here", "items": {items}}}"#
            ),
        );
    }
    server
}

/// Where the page behind the one at `path` is.
fn next(server: &Running, path: &str) -> Option<String> {
    let page = server.get(path).expect(200);
    let link = page.header("link")?;
    Some(link.strip_prefix('<').unwrap().strip_suffix(r#">; rel="next""#).unwrap().to_owned())
}

/// The cursor in the address of a page.
fn cursor(path: &str) -> &str {
    path.split_once("cursor=").unwrap().1
}

#[test]
fn a_cursor_leads_on_in_its_own_list_and_nowhere_in_another() {
    let server = shop();
    let lists = [
        "orders/?limit=1",
        "orders/?limit=1&ordering=id",
        "orders/?limit=1&ordering=total_price",
        "orders/?limit=1&ordering=-total_price",
        "orders/?limit=1&ordering=updated_at",
        "orders/?limit=1&ordering=last_transition_time",
        "orders/?limit=1&ordering=customer_name",
        "orders/?limit=1&ordering=status",
        "orders/?limit=1&status=pending",
        "orders/?limit=1&customer=ann",
        "orders/?limit=1&search=ann",
        "orders/?limit=1&product=1",
        "orders/?limit=1&from=2000-01-01",
        "orders/?limit=1&delayed=false",
        "products/?limit=1",
        "products/?limit=1&available_max=5",
        "products/?limit=1&category=1",
        "products/?limit=1&archived=false",
        "products/?limit=1&search=phone",
        "products/1/movements/?limit=1",
        "products/2/movements/?limit=1",
        "categories/?limit=1",
    ]
    .map(|list| format!("/api/inventory/{list}"));
    for list in &lists {
        let found = next(&server, list).unwrap_or_else(|| panic!("{list} has two pages"));
        assert_eq!(server.get(&found).expect(200).json().rows().len(), 1, "{found}");
        let cursor = cursor(&found);
        assert!(cursor.len() < 40, "{cursor}");
        for other in lists.iter().filter(|other| *other != list) {
            let refused = server.get(&format!("{other}&cursor={cursor}")).expect(400).json();
            let said = refused.get("cursor").unwrap().rows()[0].text().to_owned();
            assert!(said.ends_with("or start again without cursor."), "{said}");
        }
        // A program or a person that loses its end would go on from another place.
        let first = cursor.find('.').unwrap();
        for length in first + 1..cursor.len() {
            server.get(&format!("{list}&cursor={}", &cursor[..length])).expect(400);
        }
        // How it was written is no part of what a list is.
        server.get(&format!("{list}&cursor={cursor}&page=7").replace("limit=1&", "limit=3&")).expect(200);
    }
    let same = [
        ("", "&ordering=-id"),
        ("", "&ordering=-created_at&search=&status="),
        ("&ordering=id", "&ordering=created_at,status"),
        ("&status=pending&customer=ann", "&customer=ANN&status=Pending"),
        ("&status=pending&status=shipped&search=a,n", "&search=a%20n&status=shipped&status=pending"),
        ("&delayed=false", "&delayed=no"),
        ("&product=1", "&product=01"),
    ];
    for (one, other) in same {
        for (one, other) in [(one, other), (other, one)] {
            let found = next(&server, &format!("{ORDERS}?limit=1{one}")).unwrap();
            let rows = server.get(&found).expect(200).ids();
            let cursor = cursor(&found);
            assert_eq!(
                server.get(&format!("{ORDERS}?cursor={cursor}&limit=1{other}")).expect(200).ids(),
                rows,
                "{other}"
            );
            assert_eq!(
                server
                    .get(&format!("{}?limit=1&cursor={cursor}{other}", &ORDERS[..ORDERS.len() - 1]))
                    .expect(200)
                    .ids(),
                rows
            );
        }
    }
}

#[test]
fn names_of_several_words_are_met_page_after_page() {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name": "Things"}"#).expect(201);
    server.post(PRODUCTS, r#"{"name": "Pen", "price": "1.00", "stock": 99, "category_id": 1}"#).expect(201);
    let names = ["Ann Lee", "Ann Lee", "Ann+Lee", "Ann%20Lee", "Ann~1", "Ann & Bob", "Ünal > 3", "Ann Lee", "Bo"];
    for name in names {
        let order = format!(
            r#"{{"customer_name": "{name}", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "x", "items": [{{"product_id": 1}}]}}"#
        );
        server.post(ORDERS, &order).expect(201);
    }
    for ordering in ["customer_name", "-customer_name"] {
        let whole = server.get(&format!("{ORDERS}?ordering={ordering}")).expect(200).ids();
        assert_eq!(whole.len(), names.len());
        let (mut paged, mut path) = (Vec::new(), Some(format!("{ORDERS}?ordering={ordering}&limit=1")));
        while let Some(at) = path {
            paged.extend(server.get(&at).expect(200).ids());
            path = next(&server, &at);
        }
        assert_eq!(paged, whole, "{ordering}");
    }
}

#[test]
fn orders_by_customer_product_day_and_delay() {
    let server = shop();
    let ids = |query: &str| server.get(&format!("{ORDERS}?{query}")).expect(200).ids();
    assert_eq!(ids("customer=ann"), [3, 1]);
    assert_eq!(ids("customer=0171"), [2]);
    assert_eq!(ids("customer=%20"), [3, 2, 1]);
    assert_eq!(ids("product=2"), [2]);
    assert_eq!(ids("product=1&customer=annabel"), [3]);
    assert_eq!(ids("product=77"), [0; 0]);
    assert_eq!(ids("delayed=true"), [0; 0]);
    assert_eq!(ids("delayed=false&ordering=id"), [1, 2, 3]);
    assert_eq!(ids("status=pending&delayed=true"), [0; 0]);
    assert_eq!(ids("customer=&product=&from=&to=&status="), [3, 2, 1]);

    // Times are shown in the server's zone, whose days these are.
    let first = server.get(&format!("{ORDERS}1/")).json().get("created_at").unwrap().text()[..10].to_owned();
    let last = server.get(&format!("{ORDERS}3/")).json().get("created_at").unwrap().text()[..10].to_owned();
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let (before, after) = (day(&first).pred_opt().unwrap(), day(&last).succ_opt().unwrap());
    assert_eq!(ids(&format!("from={first}&to={last}")), [3, 2, 1]);
    assert_eq!(ids(&format!("from={first}&to={last}&ordering=id&limit=2")), [1, 2]);
    let second = |query: &str| server.get(&next(&server, &format!("{ORDERS}?{query}")).unwrap()).expect(200).ids();
    assert_eq!(second(&format!("from={first}&ordering=id&limit=2")), [3]);
    assert_eq!(second(&format!("to={last}&limit=2")), [1]);
    assert_eq!(ids(&format!("from={after}")), [0; 0]);
    assert_eq!(ids(&format!("from={after}&ordering=id")), [0; 0]);
    assert_eq!(ids(&format!("to={before}")), [0; 0]);
    assert_eq!(ids(&format!("to={before}&ordering=-total_price")), [0; 0]);
    assert_eq!(ids("from=0001-01-01&to=9999-12-31"), [3, 2, 1]);

    server.post(&format!("{ORDERS}1/transition/"), r#"{"to": "processing"}"#).expect(200);
    server.post(&format!("{ORDERS}2/transition/"), r#"{"to": "cancelled", "reason": "no more"}"#).expect(200);
    assert_eq!(ids("status=pending&status=processing"), [3, 1], "a filter that is repeated takes all its values");
    assert_eq!(ids("status=&status=pending&status=canceled&ordering=id"), [2, 3]);
    assert_eq!(ids("status=pending&status=processing&status=delayed"), [0; 0]);
    for word in ["True", "1", "yes", "t"] {
        assert_eq!(ids(&format!("delayed={word}")), [0; 0], "{word}");
    }
    assert_eq!(ids("delayed=False").len(), 3);
}

#[test]
fn names_and_numbers_are_found_however_they_are_written() {
    let server = shop();
    let (orders, products) = (format!("{ORDERS}?"), format!("{PRODUCTS}?"));
    let place = |name: &str, phone: &str| {
        let contact = r#""customer_email": "a@example.com", "delivery_address": "Here", "items": [{"product_id": 1}]"#;
        let body = format!(r#"{{"customer_name": "{name}", "customer_phone": "{phone}", {contact}}}"#);
        server.post(ORDERS, &body).expect(201);
    };
    place("Jose\u{301}", "+49 171-555 01 23");
    place("ΣΥΜΒΑΣΗ", "1");
    place("İSTANBUL Weiß", "1");
    let product = r#"{"name": "CAFE\u0301 Straße", "price": "1", "stock": 1, "category_id": 1}"#;
    server.post(PRODUCTS, product).expect(201);
    let ids = |list: &str, name: &str, text: &str| {
        let text = text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        server.get(&format!("{list}{name}={text}")).expect(200).ids()
    };
    for name in ["search", "customer"] {
        for (text, id) in [("jos\u{e9}", 4), ("ΣΥΜΒΑΣ", 5), ("istanbul", 6), ("WEISS", 6)] {
            assert_eq!(ids(&orders, name, text), [id], "{name} {text}");
        }
    }
    for phone in ["+491715550123", "171-555", "(0171) 5", "555 01"] {
        let found: &[u64] = if phone.starts_with('(') { &[] } else { &[4] };
        assert_eq!(ids(&orders, "customer", phone), found, "{phone}");
    }
    for text in ["caf\u{e9}", "STRASSE"] {
        assert_eq!(ids(&products, "search", text), [4], "{text}");
    }
}

#[test]
fn products_by_name_category_archive_and_stock() {
    let server = shop();
    let ids = |query: &str| server.get(&format!("{PRODUCTS}?{query}")).expect(200).ids();
    assert_eq!(ids(""), [1, 2, 3]);
    assert_eq!(ids("search=PHONE"), [1, 2]);
    assert_eq!(ids("search=phone,case"), [2]);
    assert_eq!(ids("category=1"), [1, 3]);
    assert_eq!(ids("category=9"), [0; 0]);
    assert_eq!(ids("archived=true"), [3]);
    assert_eq!(ids("archived=false"), [1, 2]);
    assert_eq!(ids("available_max=4"), [2], "one of five is reserved");
    assert_eq!(ids("available_max=0"), [0; 0]);
    let first = server.get(&format!("{PRODUCTS}?available_max=5&limit=1")).expect(200);
    let next = first.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(server.get(&next).expect(200).ids(), [3], "the filter goes along");
}

#[test]
fn a_filter_that_is_none_is_named() {
    let server = shop();
    let check = |list: &str, query: &str, name: &str, text: &str| {
        let reply = server.get(&format!("{list}?{query}")).expect(400);
        assert_eq!(reply.json().get(name).unwrap().rows()[0].text(), text, "{query}");
    };
    let no_day = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
    for day in ["yesterday", "2026-02-30", "2026-11", "20261123", "2026-11-23T00:00:00Z", "0000-01-01"] {
        check(ORDERS, &format!("from={day}"), "from", no_day);
        check(ORDERS, &format!("to={day}"), "to", no_day);
    }
    let no_id = "Give the number that stands in the field id.";
    for id in ["0", "-1", "x", "1.5", "99999999999999999999"] {
        check(ORDERS, &format!("product={id}"), "product", no_id);
        check(PRODUCTS, &format!("category={id}"), "category", no_id);
    }
    check(ORDERS, "delayed=2", "delayed", "Give true or false.");
    let days = "from is 2026-11-24, which is after to, 2026-11-23. Give the earlier day as from.";
    check(ORDERS, "from=2026-11-24&to=2026-11-23", "from", days);
    check(PRODUCTS, "archived=", "archived", "Give true or false.");
    check(PRODUCTS, "available_max=4294967296", "available_max", "Give a number from 0 to 4294967295.");
    check(PRODUCTS, "available_max=-1", "available_max", "Give a number from 0 to 4294967295.");
}

/// The list at `first`, page after page; `between` is done before each page but the first.
fn follow(server: &Running, first: &str, mut between: impl FnMut(&[u64])) -> Vec<u64> {
    let (mut seen, mut path) = (Vec::new(), first.to_owned());
    loop {
        let page = server.get(&path).expect(200);
        seen.extend(page.ids());
        let Some(link) = page.header("link") else { return seen };
        link.trim_start_matches('<').split('>').next().unwrap().clone_into(&mut path);
        between(&page.ids());
    }
}

#[test]
fn whoever_follows_links_sees_each_order_once_that_does_not_change() {
    let server = Running::with(|settings| {
        settings.stages.pending_stale_after = Duration::from_millis(1);
        settings.watchdog.interval = Duration::from_millis(5);
    });
    server.post("/api/inventory/categories/", r#"{"name": "Phones"}"#).expect(201);
    server
        .post("/api/inventory/products/", r#"{"name": "Phone", "price": "3", "stock": 99, "category_id": 1}"#)
        .expect(201);
    for name in ["Ann ~1", "Bob", "Cem & Co.", "Dan", "Eve", "Fay", "Gus", "Hal"] {
        let contact = r#""customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here""#;
        let body = format!(r#"{{"customer_name": "{name}", {contact}, "items": [{{"product_id": 1}}]}}"#);
        server.post(ORDERS, &body).expect(201);
    }
    for _ in 0..500 {
        if server.get("/api/inventory/orders/delayed/").expect(200).ids().len() == 8 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let fields = ["id", "created_at", "updated_at", "last_transition_time", "total_price", "status", "customer_name"];
    let lists = fields.iter().flat_map(|field| [format!("?ordering={field}"), format!("?ordering=-{field}")]);
    let lists: Vec<_> = lists.chain(["delayed/?".into(), "?delayed=true&ordering=updated_at".into()]).collect();
    // Whatever order a page ended with is renamed, so that it goes to the end of most of these lists.
    for (round, list) in lists.iter().enumerate() {
        let mut changed = Vec::new();
        let seen = follow(&server, &format!("{ORDERS}{list}&limit=3"), |page| {
            let last = *page.last().unwrap();
            let name = format!(r#"{{"customer_name": "{}{round}"}}"#, if round % 2 == 0 { "zz" } else { "AA" });
            server.send("PATCH", &format!("{ORDERS}{last}/"), &[], &name).expect(200);
            changed.push(last);
        });
        for id in (1..=8).filter(|id| !changed.contains(id)) {
            assert_eq!(seen.iter().filter(|seen| **seen == id).count(), 1, "order {id} in {list}: {seen:?}");
        }
    }
    // The board's own list, from which orders leave as somebody sees to them.
    let seen = follow(&server, &format!("{ORDERS}delayed/?limit=2"), |page| {
        let path = format!("{ORDERS}{}/transition/", page.last().unwrap());
        server.post(&path, r#"{"to": "processing"}"#).expect(200);
    });
    assert_eq!(seen, [8, 7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn an_ordering_by_nothing_that_is_known_is_named() {
    let server = Running::start();
    let list = |query: &str, headers: &[(&str, &str)]| {
        server.send("GET", &format!("/api/inventory/orders/?{query}"), headers, "")
    };
    for unknown in ["ordering=bogus", "ordering=ID", "ordering=--id", "ordering=bogus,-nonsense"] {
        assert_eq!(list(unknown, &[]).expect(200).header("packhorse-ignored"), Some("ordering"), "{unknown}");
        list(unknown, &[("Prefer", "handling=strict")]).expect(400);
    }
    for known in ["ordering=-id", "ordering=bogus,id", "ordering="] {
        let reply = list(known, &[("Prefer", "handling=strict")]).expect(200);
        assert_eq!(reply.header("packhorse-ignored"), None, "{known}");
    }
}

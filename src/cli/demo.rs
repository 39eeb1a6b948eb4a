//! What `serve --demo` brings along: a sample catalogue, and a tour to paste into a shell.

use super::catalogue::CatalogueFile;
use crate::app::{DEMO_USER, DemoUser, Started};

/// The catalogue as a spreadsheet would hold it.
const CATALOGUE: &str = include_str!("../../data/demo/catalogue.csv");

/// The sample catalogue: about 200 products in 12 categories.
pub(super) fn catalogue() -> CatalogueFile {
    CatalogueFile::from_csv("catalogue.csv".as_ref(), CATALOGUE).expect("the catalogue compiled in is well-formed")
}

/// How to sign in, and lines to paste into a shell one by one, for a server at `base`.
pub(super) fn tour(base: &str, started: &Started) -> String {
    let first = started.order_next;
    let last = first.next().next().next();
    let alice = order("Alice", "alice@example.com", r#"{"product_id":1,"quantity":2}"#);
    let bob = order("Bob", "bob@example.com", r#"{"product_id":1,"quantity":1},{"product_id":2,"quantity":1}"#);
    let carol = order("Carol", "carol@example.com", r#"{"product_id":3}"#);
    let dave = order("Dave", "dave@example.com", r#"{"product_id":2,"quantity":1}"#);
    let api = format!("{base}/api/inventory");
    let json = "-H 'Content-Type: application/json' -d";
    let steps = [
        ("Place an order: two phones", format!("curl -sS {api}/orders/ {json} '{alice}'")),
        ("Place two in one request: both or none", format!("curl -sS {api}/orders/bulk/ {json} '[{bob},{carol}]'")),
        ("All orders, newest first", format!("curl -sS {api}/orders/")),
        ("One order on its way, about 15 s to delivered", format!("curl -sS {api}/orders/{first}/")),
        ("Its history", format!("curl -sS {api}/orders/{first}/history/")),
        ("Orders that outstayed a stage", format!("curl -sS {api}/orders/delayed/")),
        (
            "Place one and cancel it",
            format!(
                "curl -sS {api}/orders/ {json} '{dave}' && \
                 curl -sS {api}/orders/{last}/cancel/ {json} '{{\"reason\":\"changed my mind\"}}'"
            ),
        ),
        ("The stock of the laptop, which is back", format!("curl -sS {api}/products/2/")),
    ];
    // A line of its own: scripts take the address from the first line.
    let mut text = format!("Packhorse serves {base}\n\n");
    text += &console(base, started);
    text += if started.is_api_open {
        "As long as there is no user and no key of your own, the API asks nobody who they are.\n\
         Lines to paste into another shell, in this order:\n\n"
    } else {
        "The API asks for a key: add -H 'X-Api-Key: ph_...' to these lines. The console makes one.\n\n"
    };
    for (what, line) in steps {
        text.extend(["# ", what, "\n", &line, "\n\n"]);
    }
    text
}

/// What the console asks for.
fn console(base: &str, started: &Started) -> String {
    match &started.demo {
        Some(DemoUser::Made(password)) => format!(
            "The console is at {base}/admin/. Sign in with\n\n    name      {DEMO_USER}\n    password  {}\n\n\
             The password is not shown again.\n\n",
            password.reveal()
        ),
        Some(DemoUser::Known) => format!(
            "The console is at {base}/admin/; sign in as {DEMO_USER} with the\n\
             password of the first start. For another one stop this, and run `packhorse user passwd {DEMO_USER}`.\n\n"
        ),
        Some(DemoUser::Missing) | None => format!("The console is at {base}/admin/.\n\n"),
    }
}

fn order(name: &str, email: &str, items: &str) -> String {
    format!(
        r#"{{"customer_name":"{name}","customer_email":"{email}","customer_phone":"1234567890","delivery_address":"123 Main St","items":[{items}]}}"#
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::Datelike;
    use serde_json::Value;

    use super::*;
    use crate::domain::ids::OrderId;

    #[test]
    fn the_catalogue_has_about_200_products_in_12_categories() {
        let rows = catalogue().rows;
        assert!((195..=205).contains(&rows.len()), "{}", rows.len());
        let categories: BTreeSet<_> = rows.iter().map(|row| &row.category).collect();
        assert_eq!(categories.len(), 12);
        let names: BTreeSet<_> = rows.iter().map(|row| &row.name).collect();
        assert_eq!(names.len(), rows.len(), "every name is there once");
    }

    #[test]
    fn it_begins_with_electronics_a_phone_and_a_laptop() {
        let rows = catalogue().rows;
        let first: Vec<_> = rows[..2]
            .iter()
            .map(|row| format!("{} {} {} x {}", row.category, row.name, row.price, row.stock))
            .collect();
        assert_eq!(first, ["Electronics Phone 299.99 x 10", "Electronics Laptop 999.99 x 5"]);
        for row in &rows {
            assert!(!row.description.is_empty(), "{}", row.name);
        }
        assert!(rows[2..].iter().all(|row| (20..=5000).contains(&row.stock)));
    }

    #[test]
    fn what_expires_does_so_far_from_now() {
        let dates: Vec<_> = catalogue().rows.iter().filter_map(|row| row.expiry_date).collect();
        assert!(dates.len() >= 10, "{}", dates.len());
        assert!(dates.iter().all(|date| (2031..2040).contains(&date.year())), "{dates:?}");
    }

    #[test]
    fn the_tour_holds_well_formed_bodies_and_the_right_ids() {
        let started = Started {
            address: "127.0.0.1:8080".parse().unwrap(),
            order_next: OrderId(41),
            is_api_open: true,
            demo: Some(DemoUser::Known),
        };
        let tour = tour("http://127.0.0.1:8080", &started);
        let lines: Vec<_> = tour.lines().filter(|line| line.starts_with("curl ")).collect();
        assert_eq!(lines.len(), 8);
        let bodies: Vec<Value> = lines
            .iter()
            .flat_map(|line| line.split(" -d '").skip(1))
            .map(|rest| serde_json::from_str(rest.split('\'').next().unwrap()).unwrap())
            .collect();
        assert_eq!(bodies.len(), 4);
        assert_eq!(bodies[1].as_array().unwrap().len(), 2);
        assert_eq!(bodies[0]["items"][0]["product_id"], 1);
        assert!(tour.contains("http://127.0.0.1:8080/api/inventory/orders/41/history/\n"));
        assert!(tour.contains("/orders/44/cancel/"));
        for line in lines {
            assert!(line.matches('\'').count() % 2 == 0, "{line}");
        }
    }
}

//! What `serve --demo` brings along: a sample catalogue, and a tour to paste into a shell.

use super::catalogue::CatalogueFile;
use crate::app::{DEMO_USER, DemoUser, Started};
use crate::domain::catalogue::Catalogue;
use crate::domain::ids::OrderId;
use crate::domain::inventory::Opening;

/// The catalogue as a spreadsheet would hold it.
const CATALOGUE: &str = include_str!("../../data/demo/catalogue.csv");

/// Whose tour is printed.
const README: &str = include_str!("../../README.md");

/// The sample catalogue: about 200 products in 12 categories.
fn catalogue() -> CatalogueFile {
    CatalogueFile::from_csv("catalogue.csv".as_ref(), CATALOGUE).expect("the catalogue compiled in is well-formed")
}

/// What brings it into an empty catalogue.
pub(super) fn openings() -> Vec<Opening> {
    super::catalogue::openings(&catalogue(), &Catalogue::default(), false)
        .expect("the catalogue compiled in names no product twice")
}

/// How to sign in, and lines to paste into a shell one by one, for a server at `base`.
pub(super) fn tour(base: &str, started: &Started) -> String {
    // A line of its own: scripts take the address from the first line.
    let mut text = format!("Packhorse serves {base}\n\n");
    text += &console(base, started);
    text += if started.is_api_open {
        "As long as there is no user and no key of your own, the API asks nobody who they are.\n\
         Lines to paste into another shell, in this order:\n\n"
    } else {
        "The API asks for a key: add -H 'X-Api-Key: ph_...' to these lines. The console makes one.\n\n"
    };
    text += &lines(base, started.order_next);
    text
}

/// The README's tour for a server at `base`, whose next order has the id `first`.
fn lines(base: &str, first: OrderId) -> String {
    let tour = README.split_once("<!-- tour:begin -->").and_then(|(_, rest)| rest.split_once("<!-- tour:end -->"));
    let (tour, _) = tour.expect("the README compiled in has a tour");
    let tour = tour.trim().trim_start_matches("```sh\n").trim_end_matches("```");
    // Alice's order is the first of the tour, Carol's the third.
    let third = first.next().next();
    tour.replace("/orders/3/", &format!("/orders/{third}/"))
        .replace("/orders/1/", &format!("/orders/{first}/"))
        .replace("order 1", &format!("order {first}"))
        .replace("http://127.0.0.1:8080", base)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use chrono::Datelike;

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
    fn the_tour_is_that_of_the_readme_with_the_ids_of_this_directory() {
        let started = Started {
            address: "127.0.0.1:9090".parse().unwrap(),
            order_next: OrderId(41),
            is_api_open: true,
            demo: Some(DemoUser::Known),
        };
        let tour = tour("http://127.0.0.1:9090", &started);
        let lines: Vec<_> = tour.lines().filter(|line| line.starts_with("curl ")).collect();
        let in_readme = README.lines().filter(|line| line.starts_with("curl ") && line.contains(":8080/api/inventory"));
        assert!(lines.len() >= 7 && lines.len() == in_readme.count(), "{tour}");
        assert!(
            lines.iter().all(|line| line.contains("http://127.0.0.1:9090/") && line.matches('\'').count() % 2 == 0)
        );
        assert!(tour.contains("/orders/43/cancel/") && tour.contains("/orders/41/history/"), "{tour}");
        assert!(!tour.contains("/orders/1/") && !tour.contains("/orders/3/"), "{tour}");
    }
}

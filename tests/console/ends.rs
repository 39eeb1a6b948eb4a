//! What takes long ends when its user may no longer do it, and can be gone on with.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::browser::{SignedIn, goes_to, holds};
use super::people::{PASSWORD, manned};
use crate::support::Running;

/// Waits until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server with users and much in stock; it has orders 1 to 5.
fn stocked() -> Running {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let screw = [("name", "Screw"), ("price", "0.10"), ("stock", "100000"), ("category_id", "1")];
    goes_to(&ann.post("/products/new/", &screw));
    server
}

/// A file of so many orders.
fn file(rows: usize) -> String {
    let header = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n";
    (0..rows).fold(header.to_owned(), |mut text, row| {
        writeln!(text, "S-{row},Sue,s@example.com,1,Here,3,1").unwrap();
        text
    })
}

#[test]
fn a_run_that_ended_early_is_gone_on_with_by_its_button_and_places_nothing_twice() {
    const ROWS: usize = 3_000;
    let server = stocked();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let path = goes_to(&olga.post("/upload/", &[("content", &file(ROWS))])).strip_prefix("/admin").unwrap().to_owned();
    goes_to(&olga.post(&format!("{path}run/"), &[]));
    goes_to(&ann.post("/users/olga/", &[("do", "disable")]));
    let page = |who: &SignedIn<'_>| who.get(&path).expect(200).text().to_owned();
    until("the run ends", || page(&ann).contains("data-phase=\"over\""));
    let early = page(&ann);
    holds(&early, &["It ended early: The user olga was disabled or changed meanwhile.", "not placed</a>"]);
    // The button is a form of its own, whose fields say nothing else.
    let (_, form) = early.split_once(&format!("<form method=\"post\" action=\"/admin{path}run/\">")).unwrap();
    let form = form.split("</form>").next().unwrap();
    holds(form, &["<button class=\"button\">Go on with the others</button>"]);
    assert_eq!(form.matches("<input").count(), 1, "the token alone: {form}");
    goes_to(&ann.post(&format!("{path}run/"), &[]));
    until("the rest is placed", || page(&ann).contains("data-phase=\"over\""));
    holds(&page(&ann), &[&format!("placed: orders 6 to {}", ROWS + 5)]);
    assert!(!page(&ann).contains("Go on with the others"));
    ann.get(&format!("/orders/{}/", ROWS + 5)).expect(200);
    ann.get(&format!("/orders/{}/", ROWS + 6)).expect(404);
}

#[test]
fn moving_many_orders_ends_with_the_right_of_the_user_and_says_what_was_done() {
    const ORDERS: usize = 1_000;
    let server = stocked();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let path = goes_to(&ann.post("/upload/", &[("content", &file(ORDERS))])).strip_prefix("/admin").unwrap().to_owned();
    goes_to(&ann.post(&format!("{path}run/"), &[]));
    until("the orders are there", || ann.get(&path).expect(200).text().contains("data-phase=\"over\""));
    let ids: Vec<_> = (6..6 + ORDERS).map(|id| format!("{id}:1")).collect();
    let mut form: Vec<_> = ids.iter().map(|id| ("id", id.as_str())).collect();
    form.push(("to", "processing"));
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let preview = goes_to(&olga.post("/orders/bulk/", &form)).strip_prefix("/admin").unwrap().to_owned();
    let key = preview.split('/').nth(3).unwrap().to_owned();
    form.extend([("run", "1"), ("key", &*key)]);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| olga.post("/orders/bulk/", &form));
        // Her right goes in the middle: the first order has moved, and the last one has not.
        until("the first order moves", || !ann.get("/orders/6/").expect(200).text().contains("Start processing"));
        goes_to(&ann.post("/users/olga/", &[("do", "role"), ("role", "viewer")]));
        assert_eq!(goes_to(&run.join().unwrap()), format!("/admin{preview}"));
    });
    goes_to(&ann.post("/users/olga/", &[("do", "role"), ("role", "operator")]));
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let over = olga.get(&preview).expect(200);
    let refused = over.text().matches("The user olga was disabled or changed meanwhile.").count();
    let moved = over.text().matches("Now processing.").count();
    assert!(moved >= 1 && refused >= 1 && moved + refused == ORDERS, "{moved} moved, {refused} refused");
    holds(over.text(), &["class=\"wrong\"", "could not be changed. The table says why."]);
    let is_pending = |id: usize| ann.get(&format!("/orders/{id}/")).expect(200).text().contains("Start processing");
    assert!(!is_pending(5 + moved) && is_pending(6 + moved) && is_pending(5 + ORDERS), "it ended after {moved}");
}

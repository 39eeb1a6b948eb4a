//! Whose an idempotency key is.

use super::browser::goes_to;
use super::{PASSWORD, SignedIn, key, manned, manned_with, stock_up, with_key};

#[test]
fn a_key_against_repetition_holds_for_the_caller_who_used_it() {
    let (server, root) = manned();
    stock_up(&server, &root, 5);
    let by = [("X-Api-Key", root.as_str())];
    let (shop, kiosk) =
        (key(&server, &by, "shop", "operator", "orders"), key(&server, &by, "kiosk", "operator", "orders"));
    let order = super::browser::order("Alice");
    let place = |secret: &str| {
        let headers = [("X-Api-Key", secret), ("Idempotency-Key", "order-1")];
        server.send("POST", "/api/inventory/orders/", &headers, &order)
    };
    let placed = place(&shop).expect(201);
    let again = place(&shop).expect(201);
    assert_eq!((again.header("idempotent-replayed"), again.text()), (Some("true"), placed.text()));
    let refused = place(&kiosk).expect(422);
    assert!(!refused.text().contains("Alice"), "{}", refused.text());
    // A key that takes the place of a revoked one under its name goes on where that one was cut off.
    with_key(&server, "POST", "/api/access/keys/2/revoke/", &root, "").expect(200);
    let renewed = key(&server, &by, "shop", "operator", "orders");
    assert_eq!(place(&renewed).expect(201).header("idempotent-replayed"), Some("true"));
    assert_eq!(with_key(&server, "GET", "/api/inventory/orders/", &root, "").ids().len(), 1);
}

#[test]
fn what_keeps_a_form_from_counting_twice_holds_for_the_user_who_sent_it() {
    let (server, root) = manned();
    let abe = format!(r#"{{"name": "abe", "role": "admin", "password": "{PASSWORD}"}}"#);
    with_key(&server, "POST", "/api/access/users/", &root, &abe).expect(201);
    let (ann, abe) = (SignedIn::new(&server, "ann", PASSWORD), SignedIn::new(&server, "abe", PASSWORD));
    goes_to(&ann.post("/categories/", &[("name", "Tools"), ("token", "guessed")]));
    goes_to(&ann.post("/categories/", &[("name", "Tools"), ("token", "guessed")]));
    let refused = abe.post("/categories/", &[("name", "Tools"), ("token", "guessed")]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    let listed = server.send("GET", "/api/inventory/categories/", &[("Cookie", &ann.cookie)], "").expect(200);
    assert_eq!(listed.ids(), [1]);
}

#[test]
fn the_forms_of_one_user_leave_room_for_those_of_another() {
    let (server, root) = manned_with(|settings| settings.retention.idempotency_keys_max = 20);
    stock_up(&server, &root, 500);
    let (ann, olga) = (SignedIn::new(&server, "ann", PASSWORD), SignedIn::new(&server, "olga", PASSWORD));
    let place = |who: &SignedIn<'_>, token: &str| {
        let fields = [("customer_name", "Zoe"), ("customer_email", "zoe@example.com"), ("customer_phone", "1")];
        let more = [("delivery_address", "Here"), ("product_id", "1"), ("quantity", "1"), ("token", token)];
        who.post("/orders/new/", &[fields.as_slice(), &more].concat())
    };
    let refused = (0..21).map(|nth| place(&olga, &format!("o{nth}"))).find(|reply| reply.status != 303).unwrap();
    assert_eq!(refused.status, 503);
    let wait: u64 = refused.header("retry-after").expect("the page says when").parse().unwrap();
    assert!((1..=24 * 3_600).contains(&wait), "{wait}");
    assert!(refused.text().contains("can remember no more of yours now"), "{}", refused.text());
    assert!(!refused.text().contains("without a key") && !refused.text().contains("idempotency keys of yours"));
    goes_to(&place(&ann, "a1"));
}

//! Users and keys.

use super::browser::{goes_to, holds, page, submit};
use crate::support::Running;

const PASSWORD: &str = "correct horse battery";

#[test]
fn a_user_is_added_changed_and_kept_out_and_no_page_holds_a_password() {
    let server = Running::start();
    holds(&page(&server, "/users/"), &["Everybody who reaches this machine may do everything"]);
    let fields = [("name", "Ann"), ("password", "short"), ("role", "admin")];
    let refused = submit(&server, "/users/", "/users/", &fields).expect(400);
    holds(refused.text(), &["A password has 12 to 256 characters; this one has 5.", "value=\"Ann\""]);
    assert!(!refused.text().contains("value=\"short\""));
    let fields = [("name", "an n"), ("password", PASSWORD), ("role", "boss")];
    holds(submit(&server, "/users/", "/users/", &fields).expect(400).text(), &["A name has 1 to 64"]);

    let fields = [("name", "Ann"), ("password", PASSWORD), ("role", "admin")];
    assert_eq!(goes_to(&submit(&server, "/users/", "/users/", &fields)), "/admin/users/?note=added&name=ann");
    let taken = submit(&server, "/users/", "/users/", &fields).expect(400);
    holds(taken.text(), &["A user named ann already exists"]);
    assert!(!taken.text().contains(PASSWORD));
    let last = submit(&server, "/users/", "/users/ann/", &[("do", "disable")]).expect(409);
    holds(last.text(), &["Ann is the last admin who is not disabled"]);
    let fields = [("name", "bob"), ("password", PASSWORD), ("role", "viewer")];
    goes_to(&submit(&server, "/users/", "/users/", &fields));
    for fields in [
        vec![("do", "role"), ("role", "operator")],
        vec![("do", "password"), ("password", "another long password")],
        vec![("do", "disable")],
    ] {
        goes_to(&submit(&server, "/users/", "/users/bob/", &fields));
    }
    holds(&page(&server, "/users/?note=disabled&name=bob"), &["bob is kept out", "Undo", "Kept out", "Let in again"]);
    submit(&server, "/users/", "/users/nobody/", &[("do", "disable")]).expect(409);
    submit(&server, "/users/", "/users/bob/", &[("do", "delete")]).expect(400);
}

#[test]
fn a_key_is_shown_once_and_can_be_revoked() {
    let server = Running::start();
    let fields = [("name", "shop-1"), ("role", "operator"), ("scope", "orders"), ("days", "0")];
    holds(submit(&server, "/keys/", "/keys/", &fields).expect(400).text(), &["Give a number of days from 1 to 3650."]);
    let fields = [("name", "shop-1"), ("role", "operator"), ("scope", "orders"), ("days", "30")];
    let made = submit(&server, "/keys/", "/keys/", &fields).expect(200);
    let (_, rest) = made.text().split_once("class=\"secret\">").unwrap();
    let secret = rest.split('<').next().unwrap();
    assert!(secret.starts_with("ph_") && secret.len() == 46, "{secret}");
    let shown = page(&server, "/keys/");
    assert!(!shown.contains(secret), "never again");
    holds(&shown, &["shop-1", "operator", "orders", "in 29 days", "never", "Revoke shop-1"]);
    goes_to(&submit(&server, "/keys/", "/keys/1/revoke/", &[]));
    let shown = page(&server, "/keys/?note=revoked");
    holds(&shown, &["The key was revoked", "Revoked"]);
    assert!(!shown.contains("Revoke shop-1"));
}

//! Every route for nobody, every role and every scope.

use std::collections::BTreeSet;

use super::support::Running;
use super::{key, with_key};

/// The least role of a route and the scopes that it is in: `C` for all, `O` for orders, `K` for the catalogue, `B` for
/// both, `A` for neither.
const TABLE: &[(&str, &str, &str, char)] = &[
    ("GET", "/api/inventory/", "viewer", 'C'),
    ("GET", "/api/inventory/categories/", "viewer", 'B'),
    ("POST", "/api/inventory/categories/", "admin", 'K'),
    ("GET", "/api/inventory/categories/{id}/", "viewer", 'B'),
    ("PUT", "/api/inventory/categories/{id}/", "admin", 'K'),
    ("PATCH", "/api/inventory/categories/{id}/", "admin", 'K'),
    ("DELETE", "/api/inventory/categories/{id}/", "admin", 'K'),
    ("GET", "/api/inventory/products/", "viewer", 'B'),
    ("POST", "/api/inventory/products/", "admin", 'K'),
    ("GET", "/api/inventory/products/{id}/", "viewer", 'B'),
    ("PUT", "/api/inventory/products/{id}/", "admin", 'K'),
    ("PATCH", "/api/inventory/products/{id}/", "admin", 'K'),
    ("DELETE", "/api/inventory/products/{id}/", "admin", 'K'),
    ("POST", "/api/inventory/products/{id}/adjust/", "operator", 'K'),
    ("GET", "/api/inventory/products/{id}/movements/", "viewer", 'B'),
    ("GET", "/api/inventory/orders/", "viewer", 'O'),
    ("POST", "/api/inventory/orders/", "operator", 'O'),
    ("POST", "/api/inventory/orders/bulk/", "operator", 'O'),
    ("GET", "/api/inventory/orders/delayed/", "viewer", 'O'),
    ("GET", "/api/inventory/orders/{id}/", "viewer", 'O'),
    ("PUT", "/api/inventory/orders/{id}/", "operator", 'O'),
    ("PATCH", "/api/inventory/orders/{id}/", "operator", 'O'),
    ("DELETE", "/api/inventory/orders/{id}/", "operator", 'O'),
    ("GET", "/api/inventory/orders/{id}/history/", "viewer", 'O'),
    ("GET", "/api/inventory/orders/{id}/timeline/", "viewer", 'O'),
    ("POST", "/api/inventory/orders/{id}/transition/", "operator", 'O'),
    ("POST", "/api/inventory/orders/{id}/cancel/", "operator", 'O'),
    ("GET", "/api/access/me/", "viewer", 'C'),
    ("GET", "/api/access/users/", "admin", 'A'),
    ("POST", "/api/access/users/", "admin", 'A'),
    ("GET", "/api/access/users/{name}/", "admin", 'A'),
    ("PATCH", "/api/access/users/{name}/", "admin", 'A'),
    ("GET", "/api/access/keys/", "admin", 'A'),
    ("POST", "/api/access/keys/", "admin", 'A'),
    ("POST", "/api/access/keys/{id}/revoke/", "admin", 'A'),
    ("GET", "/api/access/sessions/", "admin", 'A'),
    ("POST", "/api/access/sessions/{id}/revoke/", "admin", 'A'),
    ("GET", "/api/access/audit/", "admin", 'A'),
    ("GET", "/api/overview/", "viewer", 'A'),
    ("GET", "/api/overview/trend/", "viewer", 'A'),
    ("GET", "/api/settings/", "admin", 'A'),
    ("GET", "/healthz/", "nobody", 'C'),
    ("GET", "/readyz/", "nobody", 'C'),
    ("GET", "/openapi.json/", "nobody", 'C'),
    ("GET", "/postman.json/", "nobody", 'C'),
    ("GET", "/docs/", "nobody", 'C'),
    ("GET", "/docs/{file}/", "nobody", 'C'),
];

fn is_in(scope: char, area: char) -> bool {
    scope == 'C' || "BC".contains(area) || scope == area
}

const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).map_or(0, |at| at + 1)
}

#[test]
fn the_table_of_this_test_names_every_route() {
    let routes = packhorse::api::routes();
    let served: BTreeSet<_> = routes
        .iter()
        .map(|(path, method, _)| (method.as_str(), *path))
        .filter(|(method, _)| *method != "HEAD")
        .collect();
    let tested: BTreeSet<_> = TABLE.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert_eq!(served, tested);
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let by = [("X-Api-Key", root.as_str())];
    let mut callers = vec![("nobody", 'C', String::new()), ("nobody", 'C', format!("ph_{}", "A".repeat(43)))];
    for role in ROLES {
        for (scope, letter) in [("all", 'C'), ("orders", 'O'), ("catalogue", 'K')] {
            callers.push((role, letter, key(&server, &by, &format!("{role}-{scope}"), role, scope)));
        }
    }
    for (method, path, least, area) in TABLE {
        // Of ids and names that nothing has, so that nothing changes.
        let path = path.replace("{id}", "999999").replace("{name}", "not-there");
        for (role, scope, secret) in &callers {
            for method in if *method == "GET" { vec!["GET", "HEAD", "OPTIONS"] } else { vec![*method] } {
                let reply = match secret.as_str() {
                    "" => server.send(method, &path, &[], ""),
                    secret => with_key(&server, method, &path, secret, ""),
                };
                let is_public = *least == "nobody";
                let holds = rank(role) >= rank(least) && is_in(*scope, *area);
                let least_there =
                    TABLE.iter().filter(|row| row.1.replace("{id}", "999999").replace("{name}", "not-there") == path);
                let is_options_of_less = method == "OPTIONS"
                    && least_there.map(|row| rank(row.2)).min().is_some_and(|least| rank(role) >= least)
                    && is_in(*scope, *area);
                let case = format!("{method} {path} by {role} of {scope}: {}", reply.status);
                match reply.status {
                    401 => assert!(*role == "nobody" && !is_public, "{case}"),
                    403 => assert!(*role != "nobody" && !holds && !is_options_of_less, "{case}"),
                    200 | 201 | 204 | 400 | 404 => assert!(is_public || holds || is_options_of_less, "{case}"),
                    _ => panic!("{case}: {}", String::from_utf8_lossy(&reply.body)),
                }
                if reply.status == 401 {
                    assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{case}");
                }
            }
        }
    }
}

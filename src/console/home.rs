//! The page that a form stands on: where an address leads that only takes forms.

/// What only takes a form, below the page of one thing, or of all of a kind.
const ACTIONS: [&str; 11] =
    ["move", "cancel", "contact", "archive", "delete", "adjust", "rename", "revoke", "end", "run", "bulk"];

/// The path of the page that `path` belongs to: itself, unless it only takes forms.
pub(super) fn of(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        // These have a page each.
        ["admin", kind @ ("orders" | "products" | "upload"), id, action] if ACTIONS.contains(&action) => {
            format!("/admin/{kind}/{id}/")
        }
        ["admin", kind, _, action] if ACTIONS.contains(&action) => format!("/admin/{kind}/"),
        ["admin", "users", _] => "/admin/users/".to_owned(),
        ["admin", kind, action] if ACTIONS.contains(&action) => format!("/admin/{kind}/"),
        ["admin", "sign-out"] => "/admin/".to_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_takes_forms_only_leads_to_its_page() {
        let check = |path: &str, page: &str| assert_eq!(of(path), page);
        check("/admin/orders/310/move/", "/admin/orders/310/");
        check("/admin/orders/bulk/", "/admin/orders/");
        check("/admin/products/3/adjust/", "/admin/products/3/");
        check("/admin/categories/2/rename/", "/admin/categories/");
        check("/admin/users/ann/", "/admin/users/");
        check("/admin/upload/ab12/run/", "/admin/upload/ab12/");
        check("/admin/sign-out/", "/admin/");
        check("/admin/products/3/edit/", "/admin/products/3/edit/");
        check("/admin/orders/310/", "/admin/orders/310/");
    }
}

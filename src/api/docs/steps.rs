//! The collection's requests, in an order in which each of them finds what it needs: what is made comes first, what is
//! about it next, and what takes it away last.

use serde_json::{Value, json};

/// A request of the collection, and what is expected of its answer.
pub(super) struct Step {
    /// The operation.
    pub(super) operation: &'static str,
    /// What it is called, where that is not the summary of the operation.
    pub(super) name: Option<&'static str>,
    /// What stands for `{id}` or `{name}` in the path.
    pub(super) at: Option<&'static str>,
    /// Parameters that are sent.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The body, where it is not the example of the operation.
    pub(super) body: Option<Value>,
    /// The answers that are right.
    pub(super) statuses: &'static [u16],
    /// Lines of the script that runs before.
    pub(super) before: Vec<String>,
    /// Lines of the script that runs after the right answer.
    pub(super) after: Vec<String>,
}

/// The variables that a run sets, and what they are before: so that a request can also be sent by itself.
pub(super) const VARIABLES: [(&str, &str); 11] = [
    ("run", ""),
    ("access", ""),
    ("categoryId", "1"),
    ("spareCategoryId", "1"),
    ("productId", "1"),
    ("spareProductId", "1"),
    ("orderId", "1"),
    ("bulkId", "1"),
    ("userName", ""),
    ("keyId", ""),
    ("sessionId", "999999999"),
];

/// A request to an open server that would close it is not sent, unless that is wanted.
const GUARD: &str = "\
const key = pm.variables.get('key');
const me = {url: pm.variables.replaceIn('{{baseUrl}}/api/access/me'), method: 'GET',
    header: key ? {Authorization: `Bearer ${key}`} : {}};
pm.sendRequest(me, (error, answer) => {
    const isOpen = !error && answer.code === 200 && answer.json().who === 'client';
    pm.collectionVariables.set('access', isOpen ? 'open' : 'closed');
    if (isOpen && pm.variables.get('closeAccess') !== 'yes') {
        console.log('Not sent: the first user or key closes this open server. Set closeAccess to yes to send it.');
        pm.execution.skipRequest();
    }
});";

/// The key of an admin that closed the server is kept: nothing else lets one in again.
const KEEP_KEY: &str = "\
const made = pm.response.json();
if (pm.collectionVariables.get('access') === 'open') {
    pm.collectionVariables.set('key', made.secret);
    if (pm.environment.has('key')) pm.environment.set('key', made.secret);
    console.log(`This server is closed now. Keep the key of its admin: ${made.secret}`);
} else {
    pm.collectionVariables.set('keyId', made.id);
}";

fn step(operation: &'static str, statuses: &'static [u16]) -> Step {
    let (before, after) = (Vec::new(), Vec::new());
    Step { operation, name: None, at: None, query: &[], body: None, statuses, before, after }
}

impl Step {
    fn called(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    fn at(self, at: &'static str) -> Self {
        Self { at: Some(at), ..self }
    }

    fn asks(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    fn sends(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Keeps what the answer has at `member` in `variable`.
    fn keeps(mut self, variable: &str, member: &str) -> Self {
        self.after.push(format!("pm.collectionVariables.set('{variable}', pm.response.json(){member});"));
        self
    }

    /// Expects that the answer's `member` is `value`, as it stands in the script.
    fn finds(mut self, member: &str, value: &str) -> Self {
        self.after.push(format!(
            "pm.test('{member} is right', () => pm.expect(pm.response.json(){member}).to.eql({value}));"
        ));
        self
    }

    /// Expects a list that is not empty.
    fn finds_some(mut self) -> Self {
        self.after.push(
            "pm.test('has rows', () => pm.expect(pm.response.json()).to.be.an('array').that.is.not.empty);".into(),
        );
        self
    }

    fn then(mut self, lines: &str) -> Self {
        self.after.extend(lines.lines().map(ToOwned::to_owned));
        self
    }

    /// Is not sent where it would close an open server.
    fn guarded(mut self) -> Self {
        self.before.extend(GUARD.lines().map(ToOwned::to_owned));
        self
    }

    /// Is only sent where `variable` was set.
    fn only_with(mut self, variable: &str) -> Self {
        self.before.push(format!("if (!pm.collectionVariables.get('{variable}')) pm.execution.skipRequest();"));
        self
    }
}

/// The folders, in order: name, description, requests.
pub(super) fn folders() -> [(&'static str, &'static str, Vec<Step>); 6] {
    [
        ("service", "How the server is, and its documentation.", service()),
        ("categories", "What products are sorted by.", categories()),
        ("products", "What is sold, how much of it is there, and why.", products()),
        ("orders", "Orders, one or many at once, and their way to the customer.", orders()),
        (
            "access",
            "Who may call. On an open server nothing is made here, because the first user or key closes it: unless \
             closeAccess is yes, and then the first thing made is the key of an admin, which is kept in the variable key.",
            access(),
        ),
        ("clean up", "Takes away what the other folders made, as far as that is possible.", clean_up()),
    ]
}

fn service() -> Vec<Step> {
    vec![
        step("root", &[200]),
        step("health", &[200]).finds(".status", "'ok'"),
        step("readiness", &[200]).finds(".status", "'ready'"),
        step("overview", &[200]),
        step("overview_trend", &[200]),
        step("setting_list", &[200]).finds_some(),
        step("openapi", &[200]).finds(".openapi", "'3.1.0'"),
        step("postman", &[200]),
        step("docs", &[200]),
        step("docs_file", &[200]),
    ]
}

fn categories() -> Vec<Step> {
    let named = |name: &str| json!({"name": format!("{name} {{{{run}}}}")});
    vec![
        step("category_create", &[201]).sends(named("Postman")).keeps("categoryId", ".id"),
        step("category_list", &[200]).finds_some(),
        step("category_retrieve", &[200]).at("{{categoryId}}"),
        step("category_replace", &[200]).at("{{categoryId}}").sends(named("Replaced")),
        step("category_change", &[200]).at("{{categoryId}}").sends(named("Postman")),
        step("category_create", &[201])
            .called("Creates a category to delete.")
            .sends(named("Spare"))
            .keeps("spareCategoryId", ".id"),
        step("category_delete", &[204]).at("{{spareCategoryId}}"),
    ]
}

fn products() -> Vec<Step> {
    let product = |name: &str| json!({"name": format!("{name} {{{{run}}}}"), "price": "149.50", "stock": 100, "category_id": "{{categoryId}}"});
    vec![
        step("product_create", &[201]).sends(product("Tablet")).keeps("productId", ".id").finds(".price", "'149.50'"),
        step("product_list", &[200]).asks(&[("category", "{{categoryId}}")]).finds_some(),
        step("product_retrieve", &[200]).at("{{productId}}").finds(".stock", "100"),
        step("product_replace", &[200]).at("{{productId}}").sends(product("Tablet")),
        step("product_change", &[200]).at("{{productId}}").finds(".price", "'279.00'"),
        step("product_adjust", &[200]).at("{{productId}}").finds(".on_hand", "99"),
        step("product_movements", &[200]).at("{{productId}}").finds_some(),
        step("product_create", &[201])
            .called("Creates a product to delete.")
            .sends(product("Spare"))
            .keeps("spareProductId", ".id"),
        step("product_delete", &[204]).at("{{spareProductId}}"),
    ]
}

fn orders() -> Vec<Step> {
    let order = |quantity: u32| {
        json!({
            "customer_name": "Alice", "customer_email": "alice@example.com", "customer_phone": "1234567890",
            "delivery_address": "123 Main St", "items": [{"product_id": "{{productId}}", "quantity": quantity}],
        })
    };
    let two = || json!([order(1), order(3)]);
    vec![
        step("order_create", &[201]).sends(order(2)).keeps("orderId", ".id").finds(".total_price", "'558.00'"),
        step("order_replace", &[200]).at("{{orderId}}").finds(".customer_name", "'Bob'"),
        step("order_change", &[200]).at("{{orderId}}").finds(".customer_phone", "'555'"),
        step("order_bulk", &[200])
            .called("Says what would become of each order of a list.")
            .asks(&[("dry_run", "true")])
            .sends(two())
            .finds(".status", "201"),
        step("order_bulk", &[201]).sends(two()).keeps("bulkId", "[0].id"),
        step("order_transition", &[200]).at("{{bulkId}}").finds(".status", "'processing'"),
        step("order_list", &[200]).asks(&[("product", "{{productId}}"), ("ordering", "-id")]).finds_some(),
        step("order_delayed", &[200]),
        step("order_retrieve", &[200]).at("{{orderId}}").finds(".customer_phone", "'555'"),
        step("order_cancel", &[200]).at("{{orderId}}").finds(".status", "'cancelled'"),
        step("order_history", &[200]).at("{{orderId}}").finds_some(),
        step("order_timeline", &[200]).at("{{orderId}}").finds_some(),
        step("order_archive", &[204]).at("{{orderId}}"),
    ]
}

fn access() -> Vec<Step> {
    let key = json!({"name": "postman-{{run}}", "role": "admin", "scope": "all", "expires_at": null});
    let user = json!({"name": "postman-{{run}}", "role": "viewer", "password": "a horse, a cart, a road"});
    vec![
        step("me", &[200]),
        step("key_create", &[201]).guarded().sends(key).then(KEEP_KEY),
        step("key_list", &[200]),
        step("user_create", &[201]).guarded().sends(user).keeps("userName", ".name"),
        step("user_list", &[200]),
        step("user_retrieve", &[200]).only_with("userName").at("{{userName}}").finds(".role", "'viewer'"),
        step("session_list", &[200]),
        step("session_revoke", &[204, 404])
            .at("{{sessionId}}")
            .called("Ends a session: the one in the variable sessionId."),
        step("audit_list", &[200]).finds_some(),
    ]
}

fn clean_up() -> Vec<Step> {
    vec![
        step("order_cancel", &[200, 409]).at("{{bulkId}}").called("Cancels the first order of the list."),
        step("order_archive", &[204, 409]).at("{{bulkId}}").called("Takes it out of the lists."),
        step("product_change", &[200])
            .at("{{productId}}")
            .sends(json!({"archived": true}))
            .called("Takes the product off sale: it was ordered, so it cannot be deleted.")
            .finds(".archived", "true"),
        step("user_change", &[200])
            .only_with("userName")
            .at("{{userName}}")
            .sends(json!({"disabled": true}))
            .called("Keeps the user from signing in.")
            .finds(".disabled", "true"),
        step("key_revoke", &[200]).only_with("keyId").at("{{keyId}}"),
    ]
}

//! `GET /api/inventory/`: where the collections are.

use crate::web::answer::{Answer, ok};
use crate::web::request::ApiRequest;

/// Links to the three collections.
const LINKS: &[u8] = concat!(
    r#"{"categories":"/api/inventory/categories/","#,
    r#""products":"/api/inventory/products/","#,
    r#""orders":"/api/inventory/orders/"}"#
)
.as_bytes();

/// The root.
pub(super) async fn root(_: ApiRequest) -> Answer {
    Ok(ok(LINKS.to_vec()))
}

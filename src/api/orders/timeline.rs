//! `GET orders/<id>/timeline/`.

use actix_web::http::StatusCode;

use crate::domain::ids::OrderId;
use crate::domain::order::timeline as all_of;
use crate::web::answer::Answer;
use crate::web::id::Path;
use crate::web::parts;
use crate::web::request::ApiRequest;
use crate::wire::render::{self, HappeningBody};

/// Lists everything that happened to an order, oldest first.
pub(crate) async fn timeline(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    let times = call.times();
    let mut written = 0_u32;
    Ok(parts::answer(StatusCode::OK, move |part| {
        // What is behind is passed over once for each part: that is cheaper than to keep all of it at hand.
        for happening in all_of(&order.history).skip(written as usize) {
            if parts::is_full(part) {
                return true;
            }
            part.push(if written == 0 { b'[' } else { b',' });
            written += 1;
            render::push(part, &HappeningBody::new(written, happening, &times));
        }
        part.push(b']');
        false
    }))
}

//! What the engine does not do, as an answer.

use std::fmt::Display;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;

use super::super::condition;
use super::{Body, Error, Log};
use crate::actors::{Failure, OrderFailure};
use crate::domain::access::AccessRejection;
use crate::domain::catalogue::CatalogueRejection;
use crate::domain::inventory::InventoryRejection;
use crate::domain::order::OrderRejection;
use crate::domain::stock::{ON_HAND_MAX, StockRejection, Target};
use crate::telemetry::counters;
use crate::wire::fields::{self, Problem, REQUIRED};

/// What a caller is told of whom as many idempotency keys are remembered as may be.
pub(crate) const KEYS_FULL: &str = "No more idempotency keys of yours can be remembered now; try again later.";

/// What is said of a key that comes with another request.
pub(crate) const KEY_REUSED: &str = "This idempotency key was used for another request; take a new one.";

/// The answer to a failure, where `rejected` says what becomes of a broken rule.
pub(super) fn failure<R: std::error::Error + 'static>(failure: Failure<R>, rejected: impl FnOnce(R) -> Error) -> Error {
    match failure {
        Failure::Rejected(rejection) => rejected(rejection),
        Failure::Busy { retry_after } => busy(retry_after),
        Failure::NoSpace { retry_after } => {
            // The journal logs it once.
            let detail = "The disk is full, and nothing of the request was kept; try again when there is room on it.";
            Error::detail(StatusCode::INSUFFICIENT_STORAGE, detail).with(header::RETRY_AFTER, seconds(retry_after))
        }
        Failure::Stopped(why) => {
            let detail = "The engine has stopped; whether the request had an effect shows after its next start.";
            unavailable(detail).with(header::RETRY_AFTER, 1).logged(Log::Refused(why))
        }
        Failure::Interrupted => {
            let detail = "The request was interrupted by a fault; repeat it with the same idempotency key.";
            Error::detail(StatusCode::INTERNAL_SERVER_ERROR, detail)
                .logged(Log::Fault("an actor panicked before it answered".into()))
        }
        Failure::KeyReused => Error::detail(StatusCode::UNPROCESSABLE_ENTITY, KEY_REUSED),
        Failure::KeysFull { retry_after } => unavailable(KEYS_FULL)
            .with(header::RETRY_AFTER, seconds(retry_after))
            .logged(Log::Refused("as many idempotency keys are remembered as may be of one caller".into())),
        Failure::Archive(error) => error.into(),
    }
}

fn unavailable(detail: &str) -> Error {
    Error::detail(StatusCode::SERVICE_UNAVAILABLE, detail)
}

/// Expected under load, so that the log stays quiet about it.
fn busy(retry_after: Duration) -> Error {
    counters::REQUESTS_REFUSED_BUSY.increment();
    unavailable("Too much is waiting already; try again later.").with(header::RETRY_AFTER, seconds(retry_after))
}

fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(1000).max(1)).unwrap_or(u64::MAX)
}

fn conflict(detail: &str) -> Error {
    Error::detail(StatusCode::CONFLICT, detail)
}

/// Why nothing became of a command on an order.
pub(crate) fn order(of: Failure<OrderFailure>) -> Error {
    failure(of, |rejection| match rejection {
        OrderFailure::Missing(_) => Error::no_match("Order"),
        OrderFailure::Rejected(OrderRejection::ReasonMissing) => Error::field("reason", REQUIRED.into()),
        OrderFailure::Rejected(
            rejection @ (OrderRejection::NoSuchTransition { .. }
            | OrderRejection::ContactFixed { .. }
            | OrderRejection::TooManyEdits { .. }
            | OrderRejection::StillOpen { .. }),
        ) => conflict(&rejection.to_string()),
        OrderFailure::Rejected(rejection @ OrderRejection::Stale { current, .. }) => {
            let detail = rejection.to_string();
            let body = Body { detail: &detail, current: Some(current), ..Body::default() };
            Error::new(StatusCode::PRECONDITION_FAILED, &body).with(header::ETAG, condition::of_version(current))
        }
    })
}

/// Why nothing became of a command on a category.
pub(crate) fn category(of: Failure<InventoryRejection>) -> Error {
    failure(of, |rejection| match rejection {
        InventoryRejection::Catalogue(CatalogueRejection::CategoryMissing(_)) => Error::no_match("Category"),
        other => inventory(other),
    })
}

/// Why nothing became of a command on a product.
pub(crate) fn product(of: Failure<InventoryRejection>) -> Error {
    failure(of, inventory)
}

/// Why nothing became of a command on users or keys.
pub(crate) fn access(of: Failure<AccessRejection>) -> Error {
    failure(of, |rejection| match rejection {
        AccessRejection::NameTaken(_) | AccessRejection::KeyNameTaken(_) => Error::field("name", sentence(&rejection)),
        AccessRejection::ExpiryPassed(_) => Error::field("expires_at", "Give a time in the future.".into()),
        AccessRejection::UserMissing(_) => Error::no_match("User"),
        AccessRejection::KeyMissing(_) => Error::no_match("Key"),
        AccessRejection::LastAdmin(_)
        | AccessRejection::AdminFirst
        | AccessRejection::TooManyUsers { .. }
        | AccessRejection::TooManyKeys { .. } => conflict(&sentence(&rejection)),
        AccessRejection::DigestTaken => Error::fault(rejection),
    })
}

fn inventory(rejection: InventoryRejection) -> Error {
    match rejection {
        InventoryRejection::Catalogue(rejection) => catalogue(&rejection),
        InventoryRejection::Stock(rejection) => stock(&rejection),
        InventoryRejection::Stale { revision, balance, .. } => {
            let detail = sentence(&rejection);
            let (on_hand, reserved) = (Some(balance.on_hand), Some(balance.reserved));
            let body = Body { detail: &detail, current: Some(revision), on_hand, reserved };
            Error::new(StatusCode::PRECONDITION_FAILED, &body)
                .with(header::ETAG, condition::of_revision(revision, balance))
        }
    }
}

fn catalogue(rejection: &CatalogueRejection) -> Error {
    match rejection {
        // Of a product: it was there when the body was checked.
        CatalogueRejection::CategoryMissing(id) => {
            Error::problem(&Problem::field("category_id", fields::not_found(id)))
        }
        CatalogueRejection::ProductMissing(_) => Error::no_match("Product"),
        CatalogueRejection::CategoryNameTaken(_) => {
            Error::field("name", "category with this name already exists.".into())
        }
        CatalogueRejection::CategoryInUse { .. } | CatalogueRejection::ProductInUse(_) => {
            conflict(&sentence(rejection))
        }
    }
}

fn stock(rejection: &StockRejection) -> Error {
    let detail = sentence(rejection);
    match *rejection {
        StockRejection::ProductMissing(_) => Error::no_match("Product"),
        StockRejection::Stale { current, .. } | StockRejection::StaleAvailable { current, .. } => {
            let figures = Body { detail: &detail, current: Some(current), ..Body::default() };
            Error::new(StatusCode::CONFLICT, &figures)
        }
        StockRejection::BelowReserved { on_hand, reserved, .. } => {
            let figures = Body { detail: &detail, on_hand: Some(on_hand), reserved: Some(reserved), ..Body::default() };
            Error::new(StatusCode::CONFLICT, &figures)
        }
        StockRejection::TooMany { target, most, .. } => {
            let name = match target {
                Target::By(_) => "delta",
                Target::OnHand(_) => "set",
                Target::Available(_) => "stock",
            };
            let text =
                format!("Ensure this value is less than or equal to {most}: at most {ON_HAND_MAX} can be on hand.");
            Error::field(name, text)
        }
    }
}

/// The text of an error as a sentence.
pub(crate) fn sentence(error: &impl Display) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[test]
    fn what_passes_by_itself_says_when_to_try_again() {
        let check = |of: Failure<OrderFailure>, status: u16, retry_after: Option<&str>| {
            let text = of.to_string();
            let answer = order(of).error_response();
            assert_eq!(answer.status().as_u16(), status, "{text}");
            let header = answer.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(header, retry_after, "{text}");
        };
        check(Failure::Busy { retry_after: Duration::from_millis(100) }, 503, Some("1"));
        check(Failure::Busy { retry_after: Duration::from_millis(2_001) }, 503, Some("3"));
        check(Failure::NoSpace { retry_after: Duration::from_secs(1) }, 507, Some("1"));
        check(Failure::Stopped("unplugged".into()), 503, Some("1"));
        check(Failure::KeysFull { retry_after: Duration::from_hours(1) }, 503, Some("3600"));
        check(Failure::KeyReused, 422, None);
        check(Failure::Interrupted, 500, None);
    }

    #[test]
    fn what_went_wrong_inside_is_logged_and_not_told() {
        let error = order(Failure::Stopped("sync failed: unplugged".into()));
        assert!(matches!(error.log(), Some(Log::Refused(why)) if why.contains("unplugged")));
        let body = format!("{:?}", error.error_response().body());
        assert!(!body.contains("unplugged"), "{body}");
    }
}

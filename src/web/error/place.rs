//! Why orders were not placed, in the shape of the body that asked for them.

use smallvec::SmallVec;

use super::engine::failure;
use super::{Error, ROW};
use crate::actors::Failure;
use crate::domain::inventory::{OrderRequest, PlaceReason, PlaceRejection};
use crate::domain::money::Money;
use crate::wire::fields::{self, Problem};

/// How many lines each row of a placement has: an answer has one object for each.
pub(crate) struct Shape(SmallVec<[usize; 1]>);

impl Shape {
    pub(crate) fn of(rows: &[OrderRequest]) -> Self {
        Self(rows.iter().map(|row| row.lines.len()).collect())
    }

    fn lines(&self, row: usize) -> usize {
        self.0.get(row).copied().unwrap_or_default()
    }
}

/// Why a single order was not placed.
pub(crate) fn single(of: Failure<PlaceRejection>, shape: &Shape) -> Error {
    failure(of, |PlaceRejection { row, reason }| Error::problem(&single_row(reason, shape.lines(row))))
}

/// What is wrong with a single order that has so many lines.
pub(crate) fn single_row(reason: PlaceReason, lines: usize) -> Problem {
    match reason {
        PlaceReason::InsufficientStock { name, .. } => Problem::list(format!("Insufficient stock for product {name}.")),
        other => problem(other, lines),
    }
}

/// Why a bulk was not placed; the answer names the row at fault.
pub(crate) fn bulk(of: Failure<PlaceRejection>, shape: &Shape) -> Error {
    failure(of, |PlaceRejection { row, reason }| {
        let problem = match reason {
            short @ PlaceReason::InsufficientStock { .. } => bulk_row(short, shape.lines(row)),
            other => only(row, shape.0.len(), bulk_row(other, shape.lines(row))),
        };
        Error::problem(&problem).with(ROW, row)
    })
}

/// What is wrong with a row of a bulk that has so many lines.
pub(crate) fn bulk_row(reason: PlaceReason, lines: usize) -> Problem {
    match reason {
        PlaceReason::InsufficientStock { name, .. } => Problem::list(format!("Insufficient stock for {name}")),
        other => problem(other, lines),
    }
}

fn problem(reason: PlaceReason, lines: usize) -> Problem {
    let item = |line: usize, field: &'static str, text: String| {
        Problem::Fields(vec![("items", only(line, lines, Problem::field(field, text)))])
    };
    match reason {
        PlaceReason::NoLines => Problem::field("items", "This list may not be empty."),
        PlaceReason::QuantityZero { line } => {
            item(line, "quantity", "Ensure this value is greater than or equal to 1.".into())
        }
        PlaceReason::ProductMissing { line, product } => item(line, "product_id", fields::not_found(product)),
        PlaceReason::ProductArchived { line, name } => {
            item(line, "product_id", format!("Product {name} is archived and cannot be ordered."))
        }
        PlaceReason::ProductExpired { line, name, expiry } => {
            item(line, "product_id", format!("Product {name} expired on {expiry} and cannot be ordered."))
        }
        PlaceReason::InsufficientStock { name, .. } => {
            Problem::whole(format!("Insufficient stock for product {name}."))
        }
        PlaceReason::TotalTooLarge => Problem::whole(format!("The total of an order may not exceed {}.", Money::MAX)),
    }
}

fn only(index: usize, count: usize, problem: Problem) -> Problem {
    Problem::Rows { count: count.max(index + 1), bad: vec![(index, problem)] }
}

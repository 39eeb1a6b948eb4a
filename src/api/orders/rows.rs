//! Answers that hold orders, in parts: a long order is written line by line.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono_tz::Tz;
use memchr::memmem;

use crate::domain::order::{Line, Order};
use crate::view::Delay;
use crate::web::answer::json;
use crate::web::parts::{self, PART_BYTES};
use crate::wire::render::{self, LineBody, OrderBody, Times, WHOLE_ORDER_BYTES};

/// A part of the answer to a bulk that was just placed. Its orders take more memory than that, and a client that takes
/// it in small parts gets half as many orders a second.
pub(super) const PLACED_PART_BYTES: usize = 1 << 20;

/// About how many bytes a line takes, but for its product's description.
const LINE_BYTES: usize = 320;
/// An order without lines has this, and has it once: within a text the signs would be escaped.
const NO_LINES: &[u8] = b"\"items\":[]";

/// A row of an answer, which may hold an order.
pub(super) trait Row: Unpin + 'static {
    /// The order, where there is one.
    fn order(&self) -> Option<&Order>;

    /// Appends the row, which stands at `place`, counted from 0, its order with these `lines`.
    fn write(&self, place: usize, lines: &[Line], times: &Times, part: &mut Vec<u8>);
}

/// About how many bytes of an answer `order` takes.
pub(super) fn weight(order: &Order) -> usize {
    let lines = order.lines.iter().map(|line| LINE_BYTES + line.product.details.description.len());
    WHOLE_ORDER_BYTES + order.contact.delivery_address().len() + lines.sum::<usize>()
}

/// Whether `order` may be written at once.
pub(super) fn is_small(order: &Order) -> bool {
    order.lines.len() == 1 || weight(order) <= PART_BYTES
}

/// An order, with its delay where it is flagged.
pub(super) struct Shown {
    pub(super) order: Arc<Order>,
    pub(super) delay: Option<Delay>,
}

impl Row for Shown {
    fn order(&self) -> Option<&Order> {
        Some(&self.order)
    }

    fn write(&self, _: usize, lines: &[Line], times: &Times, part: &mut Vec<u8>) {
        render::push(part, &OrderBody::with_lines(&self.order, self.delay, times, lines));
    }
}

/// The one order that an answer is.
pub(super) fn one(status: StatusCode, order: &Arc<Order>, delay: Option<Delay>, zone: Tz) -> HttpResponse {
    if is_small(order) {
        return json(status, render::json(&OrderBody::new(order, delay, &Times::new(zone)), WHOLE_ORDER_BYTES));
    }
    answer(status, zone, ["", ""], vec![Shown { order: order.clone(), delay }], PART_BYTES, ())
}

/// A list of orders, in parts of about `part_bytes`; `kept` is kept until the last one is written.
pub(super) fn list(
    status: StatusCode,
    zone: Tz,
    orders: Vec<Shown>,
    part_bytes: usize,
    kept: impl Unpin + 'static,
) -> HttpResponse {
    answer(status, zone, ["[", "]"], orders, part_bytes, kept)
}

/// A row whose order is written so far.
struct Open<R> {
    row: R,
    /// How many lines are written.
    lines: usize,
    /// What stands behind them.
    rest: Vec<u8>,
}

/// `rows` between two texts, in parts of about `part_bytes`, each row let go once it is written; `kept` is kept until
/// the last one is.
pub(super) fn answer<R: Row>(
    status: StatusCode,
    zone: Tz,
    [before, after]: [&'static str; 2],
    rows: Vec<R>,
    part_bytes: usize,
    kept: impl Unpin + 'static,
) -> HttpResponse {
    let mut rows = rows.into_iter().enumerate();
    let times = Times::new(zone);
    let mut before = before;
    let mut open: Option<Open<R>> = None;
    parts::answer(status, move |part| {
        let _ = &kept;
        // Growing from nothing would copy a large part, and ask for fresh memory, again and again.
        part.reserve(part_bytes.min(rows.len() * WHOLE_ORDER_BYTES));
        part.extend_from_slice(std::mem::take(&mut before).as_bytes());
        while part.len() < part_bytes {
            if let Some(mut at) = open.take() {
                if at.go_on(part, part_bytes) {
                    open = Some(at);
                }
                continue;
            }
            let Some((place, row)) = rows.next() else {
                part.extend_from_slice(after.as_bytes());
                return false;
            };
            if place > 0 {
                part.push(b',');
            }
            open = begin(row, place, &times, part);
        }
        true
    })
}

/// Writes `row`, all of it where it is no larger than a part.
fn begin<R: Row>(row: R, place: usize, times: &Times, part: &mut Vec<u8>) -> Option<Open<R>> {
    if row.order().is_none_or(is_small) {
        row.write(place, row.order().map_or(&[], |order| &order.lines), times, part);
        return None;
    }
    let mut frame = Vec::with_capacity(WHOLE_ORDER_BYTES);
    row.write(place, &[], times, &mut frame);
    let at = memmem::find(&frame, NO_LINES).expect("an order has its lines") + NO_LINES.len() - 1;
    let rest = frame.split_off(at);
    part.append(&mut frame);
    Some(Open { row, lines: 0, rest })
}

impl<R: Row> Open<R> {
    /// Writes further lines; `false` once the row is whole.
    fn go_on(&mut self, part: &mut Vec<u8>, part_bytes: usize) -> bool {
        let lines = self.row.order().map_or(&[][..], |order| &order.lines);
        for line in &lines[self.lines..] {
            if part.len() >= part_bytes {
                return true;
            }
            if self.lines > 0 {
                part.push(b',');
            }
            render::push(part, &LineBody::from(line));
            self.lines += 1;
        }
        part.append(&mut self.rest);
        false
    }
}

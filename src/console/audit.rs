//! The audit log: who changed users, keys and the catalogue, and when.

use minijinja::{Value, context};

use super::orders::who;
use super::visit::{Answer, Visit};
use crate::api::error::Error;
use crate::domain::audit::{AuditCursor, AuditRow};

/// Rows on one page.
const ROWS: usize = 50;

/// `GET audit/`.
pub(super) async fn list(visit: Visit) -> Answer {
    let before = cursor(visit.text("before"));
    let mut rows = visit.scan(move |engine| engine.view().audit(before, ROWS + 1)).await?.map_err(Error::from)?;
    let is_more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| is_more).map(|row| format!("{}-{}", row.id.sequence, row.id.nth));
    let shown = rows.iter().map(|row| line(row));
    visit.page(
        "audit.html",
        context! { rows => Value::from(shown.collect::<Vec<_>>()), next, before => visit.text("before") },
    )
}

fn line(row: &AuditRow) -> Value {
    let what = row.what.word().replace('_', " ");
    context! {
        at => row.at.0,
        who => who(&row.who),
        what,
        subject => row.what.subject(),
        detail => row.what.detail(),
    }
}

/// The place that a link names; what is no place shows the newest rows.
fn cursor(text: &str) -> Option<AuditCursor> {
    let (sequence, nth) = text.split_once('-')?;
    Some(AuditCursor { sequence: sequence.parse().ok()?, nth: nth.parse().ok()? })
}

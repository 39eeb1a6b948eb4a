//! The audit log: who changed users, keys and the catalogue, and when.

use minijinja::{Value, context};

use super::orders::who;
use super::page_request::{Answer, PageRequest};
use crate::domain::audit::AuditRow;
use crate::domain::ids::RowId;
use crate::web::error::Error;
use crate::web::list::cut;

/// Rows on one page.
const ROWS: usize = 50;

/// `GET audit/`.
pub(super) async fn list(request: PageRequest) -> Answer {
    // What names no row shows the newest.
    let before = RowId::parse(request.text("before"));
    let mut rows = request.scan(move |engine| engine.view().audit(before, ROWS + 1)).await?.map_err(Error::from)?;
    let next = cut(&mut rows, ROWS, |row| row.id.to_string());
    let shown = rows.iter().map(|row| line(row));
    request.page(
        "audit.html",
        context! { rows => Value::from(shown.collect::<Vec<_>>()), next, before => request.text("before") },
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

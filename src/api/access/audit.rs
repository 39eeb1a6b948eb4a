//! `audit/`: who changed users, keys and the catalogue, and when.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::audit::AuditRow;
use crate::domain::ids::RowId;
use crate::domain::origin::Origin;
use crate::web::answer::Answer;
use crate::web::list::{Mark, Query, cut, page};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, AuditWord, List, Text, Time, Times, WhoText};

const ROW_BYTES: usize = 192;

/// A row of the audit log, with the fields of the export.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow, example = json!({
    "sequence": 7, "timestamp": "2026-11-22T10:00:00.123456+06:00", "who": "user:ann", "event": "key_added",
    "subject": "2", "detail": "till-3: operator, orders",
}))]
pub(crate) struct AuditBody<'a> {
    /// Of the entry in the journal; several rows may have the same one.
    sequence: u64,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time<'a>,
    #[schema(value_type = WhoText)]
    who: Text<&'a Origin>,
    #[schema(value_type = AuditWord)]
    event: &'static str,
    /// The name of a user, the id of anything else.
    subject: String,
    /// What became of it, for people.
    detail: String,
}

impl<'a> AuditBody<'a> {
    fn new(row: &'a AuditRow, times: &'a Times) -> Self {
        Self {
            sequence: row.id.sequence,
            timestamp: times.show(row.at),
            who: Text(&row.who),
            event: row.what.word(),
            subject: row.what.subject(),
            detail: row.what.detail(),
        }
    }
}

/// Lists the audit log, newest first.
pub(crate) async fn list(call: ApiRequest, query: Query) -> Answer {
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("audit", ());
    let before = query.cursor(mark, RowId::parse)?;
    let engine = call.engine.clone();
    // What is older than memory holds is on the disk.
    let mut rows = call.app.scan(move || engine.view().audit(before, limit + 1)).await??;
    let next = cut(&mut rows, limit, |row| mark.at(row.id));
    let times = call.times();
    let body = List(|| rows.iter().map(|row| AuditBody::new(row, &times)));
    Ok(page(&call.http, render::json(&body, rows.len() * ROW_BYTES), next))
}

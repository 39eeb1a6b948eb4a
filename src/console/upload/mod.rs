//! Bulk upload: a file of orders is read and tried out, shown row by row with what would become of it, and then placed
//! by somebody who has seen that.
//!
//! Nothing is kept of a file but in memory, and only of the last few. Its key is a hash of its content, and the orders of
//! its parts are placed with idempotency keys made of that: a file that is sent twice is placed once.

mod file;
mod run;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use bytes::Bytes;
use minijinja::{Value, context};
use parking_lot::Mutex;

use super::Console;
use super::fault::Fault;
use super::form::Form;
use super::people::sentence;
use super::visit::{Answer, Visit};
use crate::api::Lease;
use crate::api::body::collect_within;
use crate::api::error;
use crate::domain::ids::OrderId;
use crate::domain::inventory::OrderRequest;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use file::{Kind, Row};

/// Files that are kept; a further one takes the place of the oldest.
const FILES_MAX: usize = 4;
/// Rows on one page.
const ROWS: usize = 100;

const CSV_TEMPLATE: &str = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\r\n\
    A-1,Alice Example,alice@example.com,+880 1700 000000,\"12 Lake Road, Dhaka\",1,2\r\n\
    A-1,Alice Example,alice@example.com,+880 1700 000000,\"12 Lake Road, Dhaka\",2,1\r\n\
    A-2,Bob Example,bob@example.com,+880 1700 000001,\"7 Hill Street, Sylhet\",1,1\r\n";
const JSON_TEMPLATE: &str = r#"[
  {
    "customer_name": "Alice Example",
    "customer_email": "alice@example.com",
    "customer_phone": "+880 1700 000000",
    "delivery_address": "12 Lake Road, Dhaka",
    "items": [{"product_id": 1, "quantity": 2}, {"product_id": 2, "quantity": 1}]
  }
]
"#;

/// The files that were uploaded last.
#[derive(Default)]
pub(super) struct Uploads(Mutex<VecDeque<Arc<Upload>>>);

/// A file, and what became of it.
struct Upload {
    key: String,
    name: String,
    at: Timestamp,
    kind: Kind,
    rows: Vec<Row>,
    state: Mutex<State>,
}

/// How far it came.
#[derive(Clone, Default)]
struct State {
    outcomes: Vec<Outcome>,
    phase: Phase,
    /// Orders that were tried so far.
    done: usize,
    /// Why it ended early.
    stopped: Option<String>,
}

impl State {
    /// Whether it is being placed, or was to its end.
    fn is_placed(&self) -> bool {
        match self.phase {
            Phase::Tried => false,
            Phase::Running => true,
            Phase::Over => self.stopped.is_none(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Tried,
    Running,
    Over,
}

/// What would become, or became, of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Good(Money),
    Refused(String),
    Placed(OrderId),
}

impl Uploads {
    fn find(&self, key: &str) -> Option<Arc<Upload>> {
        self.0.lock().iter().find(|upload| upload.key == key).cloned()
    }

    /// Keeps `upload`, but not in place of one with the same key that is being placed, or was.
    fn keep(&self, upload: Upload) {
        let mut uploads = self.0.lock();
        if uploads.iter().any(|other| other.key == upload.key && other.state.lock().is_placed()) {
            return;
        }
        uploads.retain(|other| other.key != upload.key);
        while uploads.len() >= FILES_MAX {
            uploads.pop_front();
        }
        uploads.push_back(Arc::new(upload));
    }
}

/// The body of an upload: a file as it is, or the form with its content.
pub(super) struct Content {
    bytes: Bytes,
    kind: Kind,
    name: String,
    /// Held until the file is read.
    lease: Lease,
}

impl FromRequest for Content {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fault>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let gate = Console::of(request).0.gate.clone();
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/x-www-form-urlencoded")));
        let query = request.query_string().to_owned();
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (bytes, lease) = collect_within(&request, payload, gate.limits().bulk_body_bytes).await?;
            if is_form {
                let form = Form::parse(&bytes)?;
                let bytes = Bytes::from(form.get("content").to_owned());
                return Ok(Self { kind: Kind::of(&bytes, ""), bytes, name: "pasted text".into(), lease });
            }
            let name = Form::parse(query.as_bytes())?.get("name").to_owned();
            Ok(Self { kind: Kind::of(&bytes, &name), bytes, name, lease })
        })
    }
}

/// `GET upload/`.
pub(super) async fn blank(visit: Visit) -> Answer {
    page(&visit, None)
}

fn page(visit: &Visit, fault: Option<Fault>) -> Answer {
    let uploads = visit.console.0.uploads.0.lock().clone();
    let recent = uploads.iter().rev().map(|upload| {
        let phase = upload.state.lock().phase;
        context! {
            key => upload.key.as_str(),
            name => upload.name.as_str(),
            at => upload.at.0,
            rows => upload.rows.len(),
            phase => word(phase),
        }
    });
    let context = context! {
        recent => Value::from(recent.collect::<Vec<_>>()),
        fault => fault.as_ref().map(Fault::line),
        limit => visit.console.0.gate.limits().bulk_orders,
    };
    visit.page_with(fault.map_or(actix_web::http::StatusCode::OK, |fault| fault.status), "upload.html", context)
}

/// `POST upload/`: reads a file and tries it out. Nothing is placed.
pub(super) async fn check(visit: Visit, content: Content) -> Answer {
    let limits = visit.console.0.gate.limits().clone();
    let Content { bytes, kind, name, lease: _lease } = content;
    let read = visit.convert(move |engine| {
        let key = blake3::hash(&bytes).to_hex()[..24].to_owned();
        file::read(&bytes, kind, engine.view().products(), &limits).map(|rows| (key, rows))
    });
    let (key, rows) = match read.await? {
        Ok(read) => read,
        Err(fault) => return page(&visit, Some(fault)),
    };
    let good: Vec<OrderRequest> = rows.iter().filter_map(|row| row.order.as_ref().ok().cloned()).collect();
    let judged = visit.engine.dry_run(visit.caller.who.clone(), good).await;
    let judged = judged.map_err(|failure| error::bulk(failure, &error::Shape::of(&[])))?;
    let mut judged = judged.into_iter();
    let judge = |row: &Row| match &row.order {
        Err(text) => Outcome::Refused(text.clone()),
        Ok(_) => match judged.next().expect("a dry run judges each row") {
            Ok(order) => Outcome::Good(order.total),
            Err(reason) => Outcome::Refused(sentence(&reason)),
        },
    };
    let outcomes = rows.iter().map(judge).collect();
    let path = format!("/admin/upload/{key}/");
    let state = Mutex::new(State { outcomes, ..State::default() });
    visit.console.0.uploads.keep(Upload { key, name, at: visit.now(), kind, rows, state });
    visit.go(&path)
}

fn upload(visit: &Visit) -> Result<Arc<Upload>, Fault> {
    let key = visit.http.match_info().get("key").unwrap_or_default();
    let upload = visit.console.0.uploads.find(key);
    let gone = "This file is not kept any more. Upload it again: orders that were placed are not placed twice.";
    upload.ok_or_else(|| Fault::new(actix_web::http::StatusCode::NOT_FOUND, gone))
}

/// `GET upload/<key>/`: what would become of each row, or what did.
pub(super) async fn show(visit: Visit) -> Answer {
    let upload = upload(&visit)?;
    let state = upload.state.lock().clone();
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
    let only_refused = visit.text("show") == "refused";
    let from: usize = visit.text("from").parse().unwrap_or(0);
    let wanted: Vec<usize> = (0..upload.rows.len()).filter(|i| !only_refused || refused(&state.outcomes[*i])).collect();
    let rows: Vec<Value> =
        wanted.iter().skip(from).take(ROWS).map(|i| row(&upload.rows[*i], &state.outcomes[*i])).collect();
    let refused_count = state.outcomes.iter().filter(|outcome| refused(outcome)).count();
    let placed = state.outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Placed(id) => Some(id.0),
        Outcome::Good(_) | Outcome::Refused(_) => None,
    });
    let (first, last) = (placed.clone().min(), placed.clone().max());
    let total: u64 = state
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Good(total) => total.minor(),
            Outcome::Refused(_) | Outcome::Placed(_) => 0,
        })
        .sum();
    let context = context! {
        key => upload.key.as_str(),
        name => upload.name.as_str(),
        at => upload.at.0,
        count => upload.rows.len(),
        good => upload.rows.len() - refused_count,
        refused => refused_count,
        placed => placed.count(),
        first,
        last,
        total => format!("{}.{:02}", total / 100, total % 100),
        phase => word(state.phase),
        done => state.done,
        stopped => state.stopped,
        rows,
        only_refused,
        from,
        shown => wanted.len(),
        next => (from + ROWS < wanted.len()).then_some(from + ROWS),
        previous => (from > 0).then(|| from.saturating_sub(ROWS)),
    };
    visit.page("upload_one.html", context)
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Tried => "tried",
        Phase::Running => "running",
        Phase::Over => "over",
    }
}

fn row(row: &Row, outcome: &Outcome) -> Value {
    let (kind, text, id) = match outcome {
        Outcome::Good(total) => ("good", format!("Can be placed: {total}"), None),
        Outcome::Refused(text) => ("refused", text.clone(), None),
        Outcome::Placed(id) => ("placed", format!("Placed as order {id}"), Some(id.0)),
    };
    context! { place => row.place.as_str(), customer => row.customer.as_str(), lines => row.lines, kind, text, id }
}

/// `POST upload/<key>/run/`: places what can be placed.
pub(super) async fn run(visit: Visit, _: Form) -> Answer {
    let upload = upload(&visit)?;
    let begins = {
        let mut state = upload.state.lock();
        let begins = state.phase == Phase::Tried;
        if begins {
            state.phase = Phase::Running;
        }
        begins
    };
    if begins {
        let (engine, who) = (visit.engine.clone(), visit.caller.who.clone());
        actix_web::rt::spawn(run::run(engine, who, upload.clone()));
    }
    visit.go(&format!("/admin/upload/{}/", upload.key))
}

/// `GET upload/<key>/refused/`: the rows that were left out, as a file to be mended.
pub(super) async fn refused(visit: Visit) -> Answer {
    let upload = upload(&visit)?;
    let state = upload.state.lock().clone();
    let rows = upload.rows.iter().zip(&state.outcomes);
    let left_out = rows.filter_map(|(row, outcome)| match outcome {
        Outcome::Refused(text) => Some((row, text.as_str())),
        Outcome::Good(_) | Outcome::Placed(_) => None,
    });
    let (kind, name, body) = match upload.kind {
        Kind::Csv => ("text/csv; charset=utf-8", "refused.csv", file::csv_of(left_out)),
        Kind::Json => ("application/json", "refused.json", file::json_of(left_out)),
    };
    Ok(download(kind, name, body))
}

/// `GET upload/template.csv`.
pub(super) async fn csv_template(_: Visit) -> Answer {
    Ok(download("text/csv; charset=utf-8", "orders.csv", CSV_TEMPLATE))
}

/// `GET upload/template.json`.
pub(super) async fn json_template(_: Visit) -> Answer {
    Ok(download("application/json", "orders.json", JSON_TEMPLATE))
}

fn download(kind: &'static str, name: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body.into())
}

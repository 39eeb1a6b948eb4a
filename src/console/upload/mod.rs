//! Bulk upload: a file of orders is read and tried out, shown row by row with what would become of it, and then placed
//! by somebody who has seen that.
//!
//! Nothing is kept of a file but in memory, and only of the last few. Each row is placed under a key that is made of
//! what it is (`identity`), and not of where it is or of what else could be placed: in whatever file a row comes again,
//! after a restart or after a run that ended early, it is placed once.

mod contents;
mod csv;
mod file;
mod identity;
mod json;
mod kept;
mod left_out;
mod run;
mod show;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use bytes::Bytes;
use minijinja::{Value, context};
use parking_lot::Mutex;

use super::Console;
use super::form::Form;
use super::page_error::PageError;
use super::page_request::{Answer, PageRequest, query};
use crate::access::{is_form, is_multipart};
use crate::domain::inventory::OrderRequest;
use crate::domain::origin::Origin;
use crate::spreadsheet::table::{self, MARK};
use crate::web::Lease;
use crate::web::body::collect_within;
use crate::web::error::{self, Error, sentence};
use crate::web::parts;
use contents::Row;
use file::Kind;
use identity::Earlier;
pub(super) use kept::Uploads;
use kept::{NoRoom, Outcome, State, Upload};
use run::Run;
pub(super) use show::show;

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

const MULTIPART: &str =
    "Send the file as it is, and not as a part of a form: with curl, --data-binary @orders.csv instead of -F.";

/// The body of an upload: a file as it is, or the form with its content.
pub(super) struct Content {
    bytes: Bytes,
    kind: Kind,
    name: String,
    /// Whether it is text of the form, which somebody would lose.
    is_pasted: bool,
    /// Held until the file is read.
    lease: Lease,
}

impl FromRequest for Content {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = Console::of(http).0.app.clone();
        let (is_form, is_multipart) = (is_form(http.headers()), is_multipart(http.headers()));
        let query = query(http, payload);
        let (http, payload) = (http.clone(), payload.take());
        Box::pin(async move {
            if is_multipart {
                return Err(PageError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, MULTIPART));
            }
            let (bytes, lease) = collect_within(&http, payload, app.limits().bulk_body_bytes).await?;
            if is_form {
                let form = Form::parse(&bytes)?;
                let bytes = Bytes::from(form.get("content").to_owned());
                let (kind, name) = (Kind::of(&bytes, ""), "pasted text".into());
                return Ok(Self { kind, bytes, name, is_pasted: true, lease });
            }
            let name = query?.get("name").unwrap_or_default().trim().to_owned();
            Ok(Self { kind: Kind::of(&bytes, &name), bytes, name, is_pasted: false, lease })
        })
    }
}

/// `GET upload/`.
pub(super) async fn blank(request: PageRequest) -> Answer {
    page(&request, None, &[])
}

/// The page, with what was `pasted` and not taken.
fn page(request: &PageRequest, fault: Option<PageError>, pasted: &[u8]) -> Answer {
    let recent = request.console.0.uploads.recent();
    let recent = recent.iter().map(|upload| {
        context! {
            key => upload.key.as_str(),
            name => upload.name.as_str(),
            at => upload.at.0,
            rows => upload.contents.rows.len(),
            phase => upload.state.lock().phase.word(),
        }
    });
    let context = context! {
        recent => Value::from(recent.collect::<Vec<_>>()),
        fault => fault.as_ref().map(PageError::line),
        pasted => String::from_utf8_lossy(pasted),
        limit => request.console.0.app.limits().bulk_orders,
        remembered => remembered(request),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "upload.html", context)
}

/// How long it is remembered what was placed.
fn remembered(request: &PageRequest) -> String {
    let settings = request.console.0.app.settings();
    let kept = settings.iter().find(|setting| setting.name == "retention.idempotency_keys");
    kept.map_or_else(|| "24h".to_owned(), |setting| setting.value.clone())
}

/// `POST upload/`: reads a file and tries it out. Nothing is placed.
pub(super) async fn check(request: PageRequest, content: Content) -> Answer {
    let limits = request.console.0.app.limits().clone();
    let Content { bytes, kind, name, is_pasted, lease: _lease } = content;
    let pasted = if is_pasted { bytes.clone() } else { Bytes::new() };
    let who = request.caller.who.clone();
    let read = request.convert(move |engine| {
        let key = key_of(&who, &bytes);
        let contents = file::read(&bytes, kind, engine.view().products(), &limits)?;
        let earlier = |row: &Row| row.identity.map_or(Ok(None), |identity| identity.earlier(engine));
        let earlier: Result<Vec<_>, _> = contents.rows.iter().map(earlier).collect();
        Ok((key, bytes, contents, earlier.map_err(Error::from)?))
    });
    let (key, bytes, contents, earlier) = match read.await? {
        Ok(read) => read,
        Err(fault) => return page(&request, Some(fault), &pasted),
    };
    let new = |(row, earlier): (&Row, &Option<Earlier>)| row.order.as_ref().ok().filter(|_| earlier.is_none()).cloned();
    let new: Vec<OrderRequest> = contents.rows.iter().zip(&earlier).filter_map(new).collect();
    let judged = request.engine.dry_run(request.caller.who.clone(), new).await;
    let judged = judged.map_err(|failure| error::bulk(failure, &error::Shape::of(&[])))?;
    let mut judged = judged.into_iter();
    let judge = |(row, earlier): (&Row, Option<Earlier>)| match (&row.order, earlier) {
        (Err(text), _) => Outcome::Refused(text.clone()),
        (Ok(_), Some(earlier)) => Outcome::Earlier(earlier),
        (Ok(_), None) => match judged.next().expect("a dry run judges each row") {
            Ok(order) => Outcome::Good(order.total),
            Err(reason) => Outcome::Refused(sentence(&reason).into()),
        },
    };
    let outcomes = contents.rows.iter().zip(earlier).map(judge).collect();
    let path = format!("/admin/upload/{key}/");
    let (state, who) = (Mutex::new(State { outcomes, ..State::default() }), request.caller.who.clone());
    let since = Instant::now();
    let kept = request.console.0.uploads.keep(Upload {
        key,
        name,
        at: request.now(),
        since,
        who,
        kind,
        bytes,
        contents,
        state,
    });
    match kept {
        Ok(()) => request.go(&path),
        Err(why) => {
            let status = match why {
                NoRoom::BeingPlaced => StatusCode::CONFLICT,
                NoRoom::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                NoRoom::Others => StatusCode::SERVICE_UNAVAILABLE,
            };
            page(&request, Some(PageError::new(status, why.to_string())), &pasted)
        }
    }
}

/// What the file `bytes` of `who` is called. The same file of somebody else is another: it has their name for it.
fn key_of(who: &Origin, bytes: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{who}\n").as_bytes()).update(bytes);
    hasher.finalize().to_hex()[..24].to_owned()
}

fn upload(request: &PageRequest) -> Result<Arc<Upload>, PageError> {
    let key = request.http.match_info().get("key").unwrap_or_default();
    let upload = request.console.0.uploads.find(key);
    let gone = "This file is not kept any more. Upload it again: orders that were placed are not placed twice.";
    upload.ok_or_else(|| PageError::new(StatusCode::NOT_FOUND, gone))
}

/// `POST upload/<key>/run/`: places what can be placed.
pub(super) async fn run(request: PageRequest, form: Form) -> Answer {
    let upload = upload(&request)?;
    let left_out = upload.contents.left_out.told();
    if !left_out.is_empty() && form.get("ignore").is_empty() {
        let text = format!("Nothing was placed. Tick that {left_out} is left out, or take it out of the file.");
        return Err(PageError::bad_request(text));
    }
    if let Some(run) = Run::begin(&upload, !form.get("again").is_empty()) {
        actix_web::rt::spawn(run.go(request.engine.clone(), request.caller.who.clone(), request.right_to_orders()));
    }
    request.go(&format!("/admin/upload/{}/", upload.key))
}

/// `GET upload/<key>/refused/`: the rows that were left out, as a file to be mended.
pub(super) async fn refused(request: PageRequest) -> Answer {
    let upload = upload(&request)?;
    // Slow readers hold one each, of the same room as bodies that come in.
    let mut lease = Lease::default();
    request.app().extend(&mut lease, upload.bytes.len())?;
    // A large file takes its time: it is written where it holds up nobody else.
    let (kind, name, body) = request.convert(move |_| written(&upload)).await?;
    Ok(download(kind, &name, parts::of(body, lease)))
}

/// The type, the name and the content of the file of what was left out of `upload`.
fn written(upload: &Upload) -> (&'static str, String, Vec<u8>) {
    let outcomes = upload.state.lock().outcomes.clone();
    let rows = upload.contents.rows.iter().zip(&outcomes);
    let left_out = rows.filter_map(|(row, outcome)| match outcome {
        Outcome::Refused(text) => Some((row, &**text)),
        Outcome::Good(_) | Outcome::Earlier(_) | Outcome::Placed(_) | Outcome::Unknown(_) => None,
    });
    let text = table::text(&upload.bytes).expect("a file that was read is text");
    let has_mark = upload.bytes.starts_with(MARK.to_string().as_bytes());
    let (kind, end, body) = match upload.kind {
        Kind::Csv => ("text/csv; charset=utf-8", "csv", left_out::csv(&upload.contents, text, has_mark, left_out)),
        Kind::Json => ("application/json", "json", left_out::json(text, left_out)),
    };
    (kind, left_out::name(&upload.name, end), body)
}

/// `GET upload/template.csv`.
pub(super) async fn csv_template(_: PageRequest) -> Answer {
    Ok(download("text/csv; charset=utf-8", "orders.csv", CSV_TEMPLATE))
}

/// `GET upload/template.json`.
pub(super) async fn json_template(_: PageRequest) -> Answer {
    Ok(download("application/json", "orders.json", JSON_TEMPLATE))
}

fn download(kind: &'static str, name: &str, body: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

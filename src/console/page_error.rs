//! What goes wrong, as a page: in plain words, and beside the field that it is about.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;

use super::words;
use crate::web::error::{Error, Log};

/// Why there is no page, or why a form was not taken.
#[derive(Debug)]
pub(super) struct PageError {
    pub(super) status: StatusCode,
    /// What is said as a whole.
    pub(super) texts: Vec<String>,
    /// What is said of single fields: `customer_email`, `items.0.quantity`.
    pub(super) fields: BTreeMap<String, String>,
    /// When to try again, in seconds.
    pub(super) retry_after: Option<HeaderValue>,
    /// For the log.
    pub(super) cause: Option<String>,
}

impl PageError {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, texts: vec![text.into()], fields: BTreeMap::new(), retry_after: None, cause: None }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page.")
    }

    /// There is no such `kind` of thing.
    pub(super) fn missing(kind: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {kind}."))
    }

    pub(super) fn starting() -> Self {
        let text = "The engine is reading its data. This page works as soon as that is done.";
        let retry_after = Some(HeaderValue::from_static("1"));
        Self { retry_after, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
    }

    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// About one field.
    pub(super) fn field(name: &str, text: impl Into<String>) -> Self {
        let fields = BTreeMap::from([(name.to_owned(), text.into())]);
        Self { status: StatusCode::BAD_REQUEST, texts: Vec::new(), fields, retry_after: None, cause: None }
    }

    /// The same; where somebody else was faster, with `text` for who filled in the form.
    pub(super) fn or_stale(mut self, text: &str) -> Self {
        if self.status == StatusCode::PRECONDITION_FAILED {
            (self.status, self.texts) = (StatusCode::CONFLICT, vec![text.to_owned()]);
        }
        self
    }

    /// Whether the caller can mend it by filling in the form otherwise.
    pub(super) fn is_about_the_form(&self) -> bool {
        [StatusCode::BAD_REQUEST, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY].contains(&self.status)
    }

    /// Everything in one line.
    pub(super) fn line(&self) -> String {
        let fields = self.fields.iter().map(|(name, text)| format!("{}: {text}", words::label(name)));
        self.texts.iter().cloned().chain(fields).collect::<Vec<_>>().join(" ")
    }

    /// Sorts the tree of sentences that the API answers with.
    fn gather(&mut self, path: &str, value: &Value) {
        match value {
            Value::String(text) if path.is_empty() => self.texts.push(words::whole(text)),
            Value::String(text) => {
                let said = self.fields.entry(path.to_owned()).or_default();
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(&words::plain(path, text));
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let is_row = value.is_object() || value.is_array();
                    self.gather(&if is_row { below(path, &index.to_string()) } else { path.to_owned() }, value);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    let is_whole = ["detail", "non_field_errors"].contains(&name.as_str());
                    self.gather(&if is_whole { path.to_owned() } else { below(path, name) }, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        let cause = error.log().map(Log::to_string);
        let retry_after = error.retry_after().cloned();
        let fields = BTreeMap::new();
        let mut fault = Self { status: error.status_code(), texts: Vec::new(), fields, retry_after, cause };
        match serde_json::from_slice(error.body()) {
            Ok(body) => fault.gather("", &body),
            Err(_) => fault.texts.push("That did not work.".into()),
        }
        fault
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl std::error::Error for PageError {}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Without a page around it, which `routes` adds.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).content_type("text/plain; charset=utf-8").body(self.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_of_fields_is_found_by_their_names() {
        let mut fault = PageError { texts: Vec::new(), ..PageError::not_found() };
        let body = r#"{"detail": "No.", "name": ["Too long.", "Odd."], "items": [{}, {"quantity": ["Too few."]}]}"#;
        fault.gather("", &serde_json::from_str(body).unwrap());
        assert_eq!(fault.texts, ["No."]);
        let fields: Vec<_> = fault.fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(fields, [("items.1.quantity", "Too few."), ("name", "Too long. Odd.")]);
    }
}

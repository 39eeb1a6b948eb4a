//! What a form sends.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Console;
use super::page_error::PageError;
use super::page_request::UNREADABLE;
use super::show::escaped;
use super::words;
use crate::access::SentForm;
use crate::domain::expected::{Expected, Seen};
use crate::web::body::collect_within;
use crate::web::error::Error;
use crate::web::list::repeated;

/// The fields of which a form has as many as there are rows. Of any other two would leave open which one counts.
const OF_ROWS: [&str; 3] = ["id", "product_id", "quantity"];

/// The most fields of a form that can be sent again. The largest of ours has the numbers of 1,000 orders.
const FIELDS_MAX: usize = 2_000;

/// The field of a form that is carried along which says who filled it in.
const TYPED_BY: &str = "typed by";

/// What a page put into its forms without anybody having to see it again: marks, and where to go on.
const MARKS: [&str; 8] = ["token", "version", "revision", "expected", "next", "from", "key", "again"];
/// What a page put there and decides what is done. Whoever sends the form again sees it, and cannot change it.
const DECIDING: [&str; 10] = ["to", "id", "run", "do", "how", "archived", "ignore", "role", "scope", "category_id"];
/// So many values of one field are shown.
const DECIDED_MAX: usize = 20;

/// A field that decides what is done, for people.
#[derive(Serialize)]
pub(super) struct Decided {
    label: String,
    text: String,
}

/// A field of a form that can be sent again.
#[derive(Serialize)]
pub(super) struct Again<'a> {
    name: &'a str,
    label: String,
    text: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Typed,
    Hidden,
    Password,
}

impl Again<'_> {
    /// Whether somebody typed it.
    pub(super) fn is_typed(&self) -> bool {
        self.kind == Kind::Typed
    }
}

/// The fields of a form, as they were sent. That a page of ours sent it was judged before, by its field `csrf`.
#[derive(Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of `name`, without the white space around it; empty where it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The value of `name` as it was sent: a password may well begin with a space.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// For a template: what was filled in, but for `name`.
    pub(super) fn values_without(&self, name: &str) -> minijinja::Value {
        values(self.0.iter().filter(|(key, _)| key != name).map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// Everything that the form said, for a page that lets it be sent again: what somebody typed is shown, a password
    /// has to be typed again, and what the page itself put there stays as it was and where it was, as pairs go by their
    /// place.
    pub(super) fn again(&self) -> Vec<Again<'_>> {
        if self.0.len() > FIELDS_MAX {
            return Vec::new();
        }
        let kind = |name: &str, value: &str| match name {
            "password" => Kind::Password,
            _ if MARKS.contains(&name) || DECIDING.contains(&name) || value.trim().is_empty() => Kind::Hidden,
            _ => Kind::Typed,
        };
        let fields = self.0.iter().filter(|(name, _)| name != "csrf").map(|(name, value)| {
            let kind = kind(name, value);
            // A password is never sent back.
            let text = if kind == Kind::Password { "" } else { value };
            Again { name, label: words::label(name), text, kind }
        });
        fields.collect()
    }

    /// What of the form decides what is done and nobody typed, for people.
    pub(super) fn decided(&self) -> Vec<Decided> {
        let fact = |name: &'static str| {
            let mut values = self.all(name).filter(|value| !value.is_empty());
            let shown: Vec<_> = values.by_ref().take(DECIDED_MAX).collect();
            let more = values.count();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!shown.is_empty()).then(|| Decided { label: words::decided(name), text: shown.join(", ") + &rest })
        };
        DECIDING.into_iter().filter_map(fact).collect()
    }

    /// The form with no other fields than `names`.
    pub(super) fn only(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| names.contains(&&**name));
        self
    }

    /// The form without what proves that a page of ours sent it, and without passwords; with who filled it in, where
    /// its page knew.
    pub(super) fn carried(&self) -> String {
        let by = self.get("csrf").split_once('.').map(|(_, name)| (TYPED_BY.to_owned(), name.to_owned()));
        let fields = self.0.iter().filter(|(name, _)| !["csrf", "password", TYPED_BY].contains(&&**name));
        fields
            .chain(&by)
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The form that was [`carried`](Self::carried), where `user` may have it: nobody else filled it in.
    pub(super) fn brought_by(self, user: &str) -> Option<Self> {
        let is_theirs = self.all(TYPED_BY).all(|name| name == user);
        is_theirs.then(|| Self(self.0.into_iter().filter(|(name, _)| name != TYPED_BY).collect()))
    }

    /// Every value of `name`.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// The fields `names` as a body of the API. One that is empty is left out.
    pub(super) fn body(&self, names: &[&str]) -> Map<String, Value> {
        let filled = names.iter().map(|name| (*name, self.get(name))).filter(|(_, value)| !value.is_empty());
        filled.map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// The fields `names` as a body of the API. One that is empty is sent as an empty text, so that it is missed.
    pub(super) fn whole(&self, names: &[&str]) -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), self.get(name).into())).collect()
    }

    /// The value of `name`; `stored`, where it says the same but for how lines end.
    pub(super) fn or_stored<'a>(&'a self, name: &str, stored: &'a str) -> &'a str {
        let value = self.get(name);
        if stored.contains('\r') && stored.replace("\r\n", "\n").trim() == value { stored } else { value }
    }

    /// The number that its page said in `name` of what the form is about.
    ///
    /// # Errors
    /// When it says none: whoever sent it may not have seen what they are about to change.
    pub(super) fn seen(&self, name: &str) -> Result<u32, Error> {
        self.get(name).parse().map_err(|_| Error::bad_request(UNREADABLE))
    }

    /// The state that this form was made of, as it says in `name`.
    ///
    /// # Errors
    /// When it does not say, or says something that no state has: that is no leave to do anything.
    pub(super) fn expected(&self, name: &str, seen: impl FnOnce(u32) -> Seen) -> Result<Expected, Error> {
        Ok(Expected::one_of([seen(self.seen(name)?)]))
    }

    /// Whether a field is there twice that can be there only once.
    fn is_ambiguous(&self) -> bool {
        let names = self.0.iter().map(|(name, _)| name.as_str());
        repeated(names.filter(|name| !OF_ROWS.contains(name))).is_some()
    }

    /// For a template: what was filled in.
    pub(super) fn values(&self) -> minijinja::Value {
        values(self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PageError> {
        let malformed = || PageError::bad_request(UNREADABLE);
        let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| malformed())?;
        // A browser sends each end of a line as two characters, whatever the text had.
        let lines = |(name, value): (String, String)| (name, value.replace("\r\n", "\n"));
        Ok(Self(pairs.into_inner().into_iter().map(lines).collect()))
    }
}

/// For a template: texts by their names.
pub(super) fn values<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> minijinja::Value {
    let pairs = pairs.into_iter().map(|(name, value)| (name, minijinja::Value::from(value)));
    pairs.collect::<BTreeMap<_, _>>().into()
}

/// The bytes of a body.
pub(super) fn bytes(map: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(map).expect("texts are JSON")
}

impl FromRequest for Form {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = Console::of(request).0.app.clone();
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (body, _lease) = collect_within(&request, payload, app.limits().body_bytes).await?;
            let form = Self::parse(&body)?;
            if form.is_ambiguous() { Err(PageError::bad_request(UNREADABLE)) } else { Ok(form) }
        })
    }
}

/// The form that came with `request`, where it was read.
pub(super) fn sent_form(request: &HttpRequest) -> Option<Form> {
    request.extensions().get::<SentForm>().and_then(|sent| Form::parse(&sent.0).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_field_counts_and_all_can_be_had() {
        let form = Form::parse(b"a=1&b=+x+y%20&a=2&c=").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c"), form.get("d")), ("2", "x y", "", ""));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.body(&["b", "c"]).len(), 1);
        assert_eq!(form.whole(&["b", "c"]).len(), 2);
    }

    #[test]
    fn a_form_that_is_sent_again_says_what_it_said_and_no_password() {
        let form =
            Form::parse(b"csrf=x&how=by&product_id=1&quantity=&product_id=2&quantity=3&password=p&name=a+b").unwrap();
        let again: Vec<_> = form.again().iter().map(|it| (it.name.to_owned(), it.text.to_owned(), it.kind)).collect();
        let of = |name: &str, text: &str, kind| (name.to_owned(), text.to_owned(), kind);
        assert_eq!(
            again,
            [
                of("how", "by", Kind::Hidden),
                of("product_id", "1", Kind::Typed),
                of("quantity", "", Kind::Hidden),
                of("product_id", "2", Kind::Typed),
                of("quantity", "3", Kind::Typed),
                of("password", "", Kind::Password),
                of("name", "a b", Kind::Typed),
            ]
        );
        let carried = form.carried();
        let bobs = Form::parse(b"csrf=x.bob&typed+by=ann&a=1").unwrap().carried();
        assert_eq!(bobs, "a=1&typed%20by=bob");
        let bobs = || Form::parse(bobs.as_bytes()).unwrap();
        assert!(bobs().brought_by("ann").is_none());
        assert_eq!(bobs().brought_by("bob").unwrap().0, [("a".to_owned(), "1".to_owned())]);
        assert_eq!(carried, "how=by&product_id=1&quantity=&product_id=2&quantity=3&name=a%20b");
        assert_eq!(Form::parse(carried.as_bytes()).unwrap().0.len(), 6);
        let decided: Vec<_> = form.decided().into_iter().map(|it| (it.label, it.text)).collect();
        assert_eq!(decided, [("How".to_owned(), "by".to_owned())]);
        let many = Form::parse("id=7&".repeat(25).as_bytes()).unwrap().decided();
        assert_eq!(many[0].text, format!("{} and 5 more", ["7"; 20].join(", ")));
        assert!(!Form::parse(b"id=1&id=2&to=x").unwrap().is_ambiguous());
        assert!(Form::parse(b"to=x&id=1&to=x").unwrap().is_ambiguous());
        assert!(Form::parse("a=1&".repeat(FIELDS_MAX + 1).as_bytes()).unwrap().again().is_empty());
    }

    #[test]
    fn the_lines_of_a_text_end_as_they_ended_before_the_browser_had_it() {
        let form = Form::parse(b"a=Main+St%0D%0ADhaka").unwrap();
        assert_eq!(form.get("a"), "Main St\nDhaka");
        assert_eq!(form.or_stored("a", "Main St\r\nDhaka"), "Main St\r\nDhaka", "nobody changed it");
        assert_eq!(form.or_stored("a", "Elm St\r\nDhaka"), "Main St\nDhaka");
    }
}

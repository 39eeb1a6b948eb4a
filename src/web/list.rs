//! Pages of lists: `?limit=`, `?cursor=`, and the header `Link` to the next one.

use std::collections::HashSet;
use std::fmt::{self, Display, Write};
use std::future::{Ready, ready};
use std::hash::{BuildHasher, Hash};
use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderValue, LINK};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use foldhash::quality::FixedState;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::ok;
use super::error::Error;
use super::state::AppState;
use crate::wire::fields::{NOT_A_DAY, day, truth};

/// What is escaped of the value of a parameter: what has a meaning in a query, as a name may hold it.
const IN_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'@')
    .remove(b'/');
/// What is escaped of a part of a query that the server took: what a header cannot hold.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'>');

/// The first of `names` that was there before.
pub(crate) fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// The parameters of a list.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The value of `name`. An empty one counts as none. Neither the API nor a page takes a second one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Without what is empty.
    pub(crate) fn filled(mut self) -> Self {
        self.0.retain(|(_, value)| !value.is_empty());
        self
    }

    /// A name that is there more than once, also without a value: which one counts would be a guess.
    pub(crate) fn repeated(&self) -> Option<&str> {
        repeated(self.0.iter().map(|(name, _)| name.as_str()))
    }

    /// Every value of `name`, but empty ones.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str());
        values.filter(|value| !value.is_empty())
    }

    /// Whether `name` is true or false, where it is said, in the words that a body may say it with. What is neither is
    /// refused, also nothing.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| truth(value)) {
            None => Ok(None),
            Some(Some(flag)) => Ok(Some(flag)),
            Some(None) => Err(Error::field(name, "Give true or false.".into())),
        }
    }

    /// The number `name`, which is in `allowed`.
    pub(crate) fn number(&self, name: &'static str, allowed: RangeInclusive<u64>) -> Result<Option<u64>, Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let number = digits(text).filter(|number| allowed.contains(number));
        let refused = || Error::field(name, format!("Give a number from {} to {}.", allowed.start(), allowed.end()));
        number.map(Some).ok_or_else(refused)
    }

    /// The id `name`.
    pub(crate) fn id(&self, name: &'static str) -> Result<Option<u64>, Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let id = digits(text).filter(|id| *id >= 1);
        id.map(Some).ok_or_else(|| Error::field(name, "Give the number that stands in the field id.".into()))
    }

    /// The day `name`.
    pub(crate) fn day(&self, name: &'static str) -> Result<Option<NaiveDate>, Error> {
        let Some(text) = self.get(name) else { return Ok(None) };
        day(text).map(Some).ok_or_else(|| Error::field(name, NOT_A_DAY.into()))
    }

    /// How many rows are asked for: at most, and by default, what a page may hold.
    pub(crate) fn limit(&self, app: &AppState) -> Result<usize, Error> {
        let max = app.limits().page_size;
        let limit = self.number("limit", 1..=max as u64)?;
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(max))
    }

    /// Where the page before ended, in the list of `mark`.
    pub(crate) fn cursor<T>(&self, mark: Mark, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        let place = text.split_once('.').filter(|(sum, place)| *sum == mark.sum(place));
        place.and_then(|(_, place)| read(place)).map(Some).ok_or_else(Error::bad_cursor)
    }

    /// Where the page before ended, in the list of `mark`, which is one by id.
    pub(crate) fn cursor_id(&self, mark: Mark) -> Result<Option<u64>, Error> {
        self.cursor(mark, |text| digits(text).filter(|id| (1..u64::MAX).contains(id)))
    }
}

impl FromRequest for Query {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.query_string();
        if text.is_empty() {
            return ready(Ok(Self(Vec::new())));
        }
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
        ready(pairs.map(|pairs| Self(pairs.into_inner())).map_err(|_| Error::bad_request("The query is malformed.")))
    }
}

/// Which list a cursor is a place in: in another one, or in another order, it would name a place that nobody was at.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Of the list `name`; `what` says which rows it holds, and in which order. It counts what is meant, and not how it
    /// was written: a parameter that says what holds without it makes no other list.
    pub(crate) fn of(name: &str, what: impl Hash) -> Self {
        // The same in every process, so that a list can be read on through a restart.
        Self(FixedState::default().hash_one((name, what)))
    }

    /// The cursor for `place`.
    pub(crate) fn at<P>(self, place: P) -> Cursor<P> {
        Cursor(self, place)
    }

    /// What stands in front of `place`. A place that lost its end on the way is another one.
    fn sum(self, place: &str) -> String {
        format!("{:08x}", FixedState::default().hash_one((self.0, place)) >> 32)
    }
}

/// Where a page ended, as a client is given it.
pub(crate) struct Cursor<P>(Mark, P);

impl<P: Display> Display for Cursor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.1.to_string();
        write!(f, "{}.{place}", self.0.sum(&place))
    }
}

/// The number that `text` is. A sign is none of its digits.
fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// Keeps `limit` of the rows that were found. Where there are more, the next page begins after the `place` of the last
/// one that is kept.
pub(crate) fn cut<T, P>(rows: &mut Vec<T>, limit: usize, place: impl FnOnce(&T) -> P) -> Option<P> {
    let is_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| is_more).map(place)
}

/// A page: `body`, and where the next one begins if there is one.
pub(crate) fn page(request: &HttpRequest, body: Vec<u8>, next: Option<Cursor<impl Display>>) -> HttpResponse {
    leading_on(request, ok(body), next)
}

/// The same of an answer that is made already.
pub(crate) fn leading_on(
    request: &HttpRequest,
    mut answer: HttpResponse,
    next: Option<Cursor<impl Display>>,
) -> HttpResponse {
    if let Some(next) = next.and_then(|next| link(request, &next)) {
        answer.headers_mut().insert(LINK, next);
    }
    answer
}

fn link(request: &HttpRequest, cursor: &Cursor<impl Display>) -> Option<HeaderValue> {
    let mut link = format!("<{}?", request.path());
    for pair in request.query_string().split('&') {
        let is_cursor = form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "cursor");
        if !pair.is_empty() && !is_cursor {
            write!(link, "{}&", utf8_percent_encode(pair, IN_HEADER)).ok()?;
        }
    }
    let cursor = cursor.to_string();
    write!(link, "cursor={}>; rel=\"next\"", utf8_percent_encode(&cursor, IN_VALUE)).ok()?;
    HeaderValue::try_from(link).ok()
}

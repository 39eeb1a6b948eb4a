//! The page of one file: what would become of each row, or what did.

use minijinja::{Value, context};

use super::super::page_request::{Answer, PageRequest};
use super::contents::Row;
use super::file::Kind;
use super::identity::{Earlier, ROUNDS};
use super::kept::Outcome;
use super::{remembered, upload};
use crate::domain::ids::OrderId;

/// Rows on one page.
const ROWS: usize = 100;

/// Which rows are shown.
#[derive(Clone, Copy)]
enum Shown {
    All,
    Refused,
    /// What an end before its time left undone.
    Open,
    /// What was on its way when it ended.
    Unknown,
    Earlier,
    Noted,
}

impl Shown {
    fn of(word: &str) -> Self {
        match word {
            "refused" => Self::Refused,
            "open" => Self::Open,
            "unknown" => Self::Unknown,
            "earlier" => Self::Earlier,
            "noted" => Self::Noted,
            _ => Self::All,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Refused => "refused",
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Earlier => "earlier",
            Self::Noted => "noted",
        }
    }

    fn has(self, row: &Row, outcome: &Outcome) -> bool {
        match self {
            Self::All => true,
            Self::Refused => matches!(outcome, Outcome::Refused(_)),
            Self::Open => matches!(outcome, Outcome::Good(_)),
            Self::Unknown => matches!(outcome, Outcome::Unknown(_)),
            Self::Earlier => matches!(outcome, Outcome::Earlier(_)),
            Self::Noted => !row.note.is_empty(),
        }
    }
}

/// How many rows came to what.
#[derive(Default)]
struct Sum {
    good: usize,
    minor: u64,
    refused: usize,
    noted: usize,
    /// Placed before with the same content, and when that was last.
    same: Vec<OrderId>,
    at: i64,
    /// Placed before with other content.
    other: usize,
    /// What could be placed again.
    again: usize,
    /// What was placed as often as it may be.
    spent: usize,
    placed: Vec<OrderId>,
    /// What was on its way when the run ended.
    unknown: usize,
}

impl Sum {
    fn add(&mut self, row: &Row, outcome: &Outcome) {
        self.noted += usize::from(!row.note.is_empty());
        match outcome {
            Outcome::Good(total) => {
                self.good += 1;
                self.minor += total.minor();
            }
            Outcome::Earlier(Earlier { id, at, is_same, next }) => {
                self.again += usize::from(*next < ROUNDS);
                self.spent += usize::from(*next >= ROUNDS);
                if *is_same {
                    self.same.push(*id);
                    self.at = self.at.max(at.0);
                } else {
                    self.other += 1;
                }
            }
            Outcome::Refused(_) => self.refused += 1,
            Outcome::Placed(id) => self.placed.push(*id),
            Outcome::Unknown(_) => self.unknown += 1,
        }
    }
}

/// `GET upload/<key>/`.
pub(in super::super) async fn show(request: PageRequest) -> Answer {
    let upload = upload(&request)?;
    let shown = Shown::of(request.text("show"));
    let context = {
        let (state, rows) = (upload.state.lock(), &upload.contents.rows);
        let mut sum = Sum::default();
        let pairs = || rows.iter().zip(&state.outcomes);
        pairs().for_each(|(row, outcome)| sum.add(row, outcome));
        let wanted = || pairs().filter(|(place, outcome)| shown.has(place, outcome));
        let count = wanted().count();
        // Behind the last page is the last page.
        let from = request.text("from").parse().unwrap_or(0).min(count.saturating_sub(1) / ROWS * ROWS);
        let stopped = state.stopped.as_deref();
        let page = wanted().skip(from).take(ROWS).map(|(place, outcome)| row(place, outcome, stopped));
        let page: Vec<_> = page.collect();
        context! {
            key => upload.key.as_str(),
            name => upload.name.as_str(),
            count => rows.len(),
            good => sum.good,
            total => format!("{}.{:02}", sum.minor / 100, sum.minor % 100),
            refused => sum.refused,
            noted => sum.noted,
            same => sum.same.len(),
            same_as => span(&sum.same),
            same_at => sum.at,
            other => sum.other,
            again => sum.again,
            spent => sum.spent,
            rounds => ROUNDS,
            placed => sum.placed.len(),
            unknown => sum.unknown,
            placed_as => span(&sum.placed),
            phase => state.phase.word(),
            done => state.done,
            wanted => state.wanted,
            stopped,
            left_out => upload.contents.left_out.told(),
            is_one_left_out => upload.contents.left_out.names.len() == 1,
            column => match upload.kind {
                Kind::Csv => "column",
                Kind::Json => "field",
            },
            remarks => upload.contents.remarks.clone(),
            has_references => rows.iter().any(|row| !row.reference.is_empty()),
            remembered => remembered(&request),
            rows => page,
            shown => shown.word(),
            next => (from + ROWS < count).then_some(from + ROWS),
            previous => (from > 0).then(|| from.saturating_sub(ROWS)),
        }
    };
    request.page("upload_one.html", context)
}

/// `ids` in words.
fn span(ids: &[OrderId]) -> String {
    let (Some(first), Some(last)) = (ids.iter().map(|id| id.0).min(), ids.iter().map(|id| id.0).max()) else {
        return String::new();
    };
    match ids.len() {
        1 => format!("order {first}"),
        count if last - first + 1 == count as u64 => format!("orders {first} to {last}"),
        _ => format!("orders between {first} and {last}"),
    }
}

/// A row as it is shown; `stopped` says why the run ended before its time.
fn row(row: &Row, outcome: &Outcome, stopped: Option<&str>) -> Value {
    let (kind, text, id) = match outcome {
        Outcome::Good(_) if let Some(why) = stopped => ("open", format!("Not placed: {why}"), None),
        Outcome::Good(total) => ("good", format!("Can be placed: {total}"), None),
        Outcome::Refused(text) => ("refused", text.to_string(), None),
        Outcome::Placed(id) => ("placed", format!("Placed as order {id}"), Some(id.0)),
        Outcome::Unknown(_) => {
            let text = "Not known whether it was placed; uploading the same file again settles it";
            ("unknown", text.to_owned(), None)
        }
        Outcome::Earlier(Earlier { id, is_same: true, .. }) => {
            ("earlier", format!("Already placed as order {id}"), Some(id.0))
        }
        Outcome::Earlier(Earlier { id, .. }) => {
            let text = format!("\"{}\" was placed before as order {id}, with other content", row.reference);
            ("other", text, Some(id.0))
        }
    };
    context! {
        place => row.place.as_str(),
        reference => row.reference.as_str(),
        customer => row.customer.as_str(),
        lines => row.lines,
        note => row.note.as_str(),
        kind,
        text,
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_named_as_a_range_only_where_they_are_one() {
        let said = |ids: &[u64]| span(&ids.iter().copied().map(OrderId).collect::<Vec<_>>());
        assert_eq!(said(&[]), "");
        assert_eq!(said(&[7]), "order 7");
        assert_eq!(said(&[8, 7, 9]), "orders 7 to 9");
        assert_eq!(said(&[1, 260]), "orders between 1 and 260");
    }
}

//! The history of an order: one step for each transition, and what happened to the order while it stood there.

use super::super::origin::Origin;
use super::super::time::Timestamp;
use super::{Contact, Field, Status};

/// The most characters of a contact field that an edit keeps of it, before and after.
const KEPT_MAX: usize = 1_000;

/// One row of the history: from, to, when, who, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the order stood; nowhere before it was placed.
    pub from: Option<Status>,
    /// Where it went.
    pub to: Status,
    /// When.
    pub at: Timestamp,
    by_timer: bool,
    /// Nearly every step is a timer's or an anonymous client's without a word; only the others pay for a box.
    more: Option<Box<More>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct More {
    who: Origin,
    reason: Option<Box<str>>,
    incidents: Vec<Incident>,
}

/// Something that happened to an order without moving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub who: Origin,
    /// What it was.
    pub what: What,
}

/// What happened to an order without moving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// These contact fields got another text.
    ContactChanged(Box<[FieldChange]>),
    /// It was taken out of the lists.
    Archived,
}

/// One contact field that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// Its text before; the beginning of a very long one.
    pub before: Box<str>,
    /// Its text after; the beginning of a very long one.
    pub after: Box<str>,
}

/// One thing that happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening<'a> {
    /// It was placed, or moved.
    Step(&'a Step),
    /// Something else, while it stood there.
    Incident(Status, &'a Incident),
}

/// Everything in `history`, oldest first. Each thing made one version of the order: the first one version 1.
pub fn timeline(history: &[Step]) -> impl DoubleEndedIterator<Item = Happening<'_>> {
    history.iter().flat_map(|step| {
        let incidents = step.incidents().iter().map(move |incident| Happening::Incident(step.to, incident));
        std::iter::once(Happening::Step(step)).chain(incidents)
    })
}

impl Step {
    /// A step.
    #[must_use]
    pub fn new(from: Option<Status>, to: Status, at: Timestamp, who: &Origin, reason: Option<&str>) -> Self {
        let (by_timer, more) = match (who, reason) {
            (Origin::Timer, None) => (true, None),
            (Origin::Client, None) => (false, None),
            (who, reason) => {
                let reason = reason.map(Into::into);
                (false, Some(Box::new(More { who: who.clone(), reason, incidents: Vec::new() })))
            }
        };
        Self { from, to, at, by_timer, more }
    }

    /// Who took it.
    #[must_use]
    pub fn who(&self) -> &Origin {
        match &self.more {
            Some(more) => &more.who,
            None if self.by_timer => &Origin::Timer,
            None => &Origin::Client,
        }
    }

    /// Why, in somebody's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.more.as_ref()?.reason.as_deref()
    }

    /// What happened to the order while it stood where this step led, oldest first.
    #[must_use]
    pub fn incidents(&self) -> &[Incident] {
        self.more.as_ref().map_or(&[], |more| &more.incidents)
    }

    /// The step without what happened after it.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self::new(self.from, self.to, self.at, self.who(), self.reason())
    }

    /// Notes what happened after it.
    pub fn note(&mut self, incident: Incident) {
        let who = self.who().clone();
        let more = self.more.get_or_insert_with(|| Box::new(More { who, reason: None, incidents: Vec::new() }));
        more.incidents.push(incident);
    }
}

impl FieldChange {
    /// The fields in which `after` differs from `before`.
    #[must_use]
    pub fn between(before: &Contact, after: &Contact) -> Box<[Self]> {
        let changed = Field::ALL.into_iter().filter(|field| before.get(*field) != after.get(*field));
        let change = |field| Self { field, before: kept(before.get(field)), after: kept(after.get(field)) };
        changed.map(change).collect()
    }
}

/// The beginning of `text`, with a mark where something is left out.
fn kept(text: &str) -> Box<str> {
    match text.char_indices().nth(KEPT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_step_is_small_and_one_with_an_incident_still_says_who_took_it() {
        assert!(size_of::<Step>() <= 24, "a live order is counted in bytes");
        for who in [Origin::Timer, Origin::Client, Origin::User("ann".into())] {
            let mut step = Step::new(None, Status::Pending, Timestamp(1), &who, None);
            assert!(step.incidents().is_empty());
            let incident = Incident { at: Timestamp(2), who: Origin::Cli, what: What::Archived };
            step.note(incident.clone());
            assert_eq!((step.who(), step.reason(), step.incidents()), (&who, None, &[incident][..]));
        }
    }

    #[test]
    fn of_a_very_long_text_an_edit_keeps_the_beginning() {
        let contact = |address: &str| Contact::restore(["Ann", "ann@example.com", "1", address]).unwrap();
        let changes = FieldChange::between(&contact("here"), &contact(&"ü".repeat(5_000)));
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].field, &*changes[0].before), (Field::DeliveryAddress, "here"));
        assert_eq!(changes[0].after.chars().count(), KEPT_MAX + 1);
    }
}

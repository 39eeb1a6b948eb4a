//! What a form led to, at an address of its own: the form leads there, and loading it again sends nothing.
//!
//! In memory, a few of each caller and not more than fit. Whoever made one reads it, and nobody else; the address holds
//! a key of chance, so that it is nothing to be guessed. A secret is given out once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::form::Form;
use super::orders::Bulk;
use super::page_request::token;
use crate::domain::origin::Origin;
use crate::secret::SecretText;

/// Results of one caller that are kept; a further one takes the place of the oldest.
const EACH_MAX: usize = 16;
/// Room for all of them, in bytes. The newest is kept in any case.
const BYTES_MAX: usize = 16 << 20;
/// How long a secret waits to be shown.
const SECRET_AGE_MAX: Duration = Duration::from_mins(5);

/// What forms led to last.
#[derive(Default)]
pub(super) struct Results(Mutex<VecDeque<Kept>>);

/// What a form led to.
pub(super) enum Outcome {
    /// Many orders that are to be changed, or were.
    Bulk(Arc<Bulk>),
    /// The secret of a key that was made.
    Secret(SecretText),
    /// A form that was sent by who was not signed in.
    Form(Arc<Unsent>),
}

/// A form that was not taken: where it goes, and what it says.
pub(super) struct Unsent {
    pub(super) path: String,
    pub(super) form: Form,
}

struct Kept {
    key: String,
    who: Origin,
    at: Instant,
    /// About how many bytes it takes.
    weight: usize,
    outcome: Outcome,
}

impl Results {
    /// Keeps `outcome`, of about `weight` bytes, for `who`; answers with its key.
    pub(super) fn keep(&self, who: &Origin, outcome: Outcome, weight: usize) -> String {
        let key = token();
        let mut kept = self.0.lock();
        forget_secrets(&mut kept, Instant::now());
        while kept.iter().filter(|other| other.who == *who).count() >= EACH_MAX {
            remove_oldest(&mut kept, who);
        }
        // Whoever takes most room gives it up, so that nobody drops the results of those who have few.
        while !kept.is_empty() && kept.iter().map(|other| other.weight).sum::<usize>() + weight > BYTES_MAX {
            let weight_of =
                |who: &Origin| -> usize { kept.iter().filter(|it| it.who == *who).map(|it| it.weight).sum() };
            let Some(who) = kept.iter().map(|it| it.who.clone()).max_by_key(weight_of) else { break };
            remove_oldest(&mut kept, &who);
        }
        kept.push_back(Kept { key: key.clone(), who: who.clone(), at: Instant::now(), weight, outcome });
        key
    }

    /// What `pick` takes of the outcome of `key`, where it is one of `who`.
    fn find<T>(&self, key: &str, who: &Origin, pick: impl FnOnce(&Outcome) -> Option<T>) -> Option<T> {
        self.0.lock().iter().find(|kept| kept.key == key && kept.who == *who).and_then(|kept| pick(&kept.outcome))
    }

    /// The orders of `key`, where `who` chose them.
    pub(super) fn bulk(&self, key: &str, who: &Origin) -> Option<Arc<Bulk>> {
        self.find(key, who, |outcome| match outcome {
            Outcome::Bulk(bulk) => Some(bulk.clone()),
            Outcome::Secret(_) | Outcome::Form(_) => None,
        })
    }

    /// The form of `key`, where `who` filled it in.
    pub(super) fn form(&self, key: &str, who: &Origin) -> Option<Arc<Unsent>> {
        self.find(key, who, |outcome| match outcome {
            Outcome::Form(form) => Some(form.clone()),
            Outcome::Bulk(_) | Outcome::Secret(_) => None,
        })
    }

    /// The secret of `key`, where `who` made it. The second time there is none.
    pub(super) fn take_secret(&self, key: &str, who: &Origin) -> Option<SecretText> {
        let mut kept = self.0.lock();
        forget_secrets(&mut kept, Instant::now());
        let is_it = |it: &Kept| it.key == key && it.who == *who && matches!(it.outcome, Outcome::Secret(_));
        let at = kept.iter().position(is_it)?;
        match kept.remove(at)?.outcome {
            Outcome::Secret(secret) => Some(secret),
            Outcome::Bulk(_) | Outcome::Form(_) => None,
        }
    }
}

fn remove_oldest(kept: &mut VecDeque<Kept>, who: &Origin) {
    if let Some(at) = kept.iter().position(|other| other.who == *who) {
        kept.remove(at);
    }
}

fn forget_secrets(kept: &mut VecDeque<Kept>, now: Instant) {
    let is_old = |it: &Kept| now.saturating_duration_since(it.at) > SECRET_AGE_MAX;
    kept.retain(|it| !(matches!(it.outcome, Outcome::Secret(_)) && is_old(it)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::new_key;

    fn ann() -> Origin {
        Origin::User("ann".into())
    }

    fn secret() -> Outcome {
        Outcome::Secret(new_key().0)
    }

    #[test]
    fn a_secret_is_given_out_once_and_to_nobody_else() {
        let results = Results::default();
        let key = results.keep(&ann(), secret(), 1);
        assert!(results.take_secret(&key, &Origin::Client).is_none());
        assert!(results.take_secret("", &ann()).is_none());
        assert!(results.take_secret(&key, &ann()).is_some());
        assert!(results.take_secret(&key, &ann()).is_none());
    }

    #[test]
    fn a_secret_that_nobody_asks_for_is_forgotten() {
        let results = Results::default();
        results.keep(&ann(), secret(), 1);
        forget_secrets(&mut results.0.lock(), Instant::now() + SECRET_AGE_MAX / 2);
        assert_eq!(results.0.lock().len(), 1);
        forget_secrets(&mut results.0.lock(), Instant::now() + 2 * SECRET_AGE_MAX);
        assert!(results.0.lock().is_empty());
    }

    #[test]
    fn results_are_bounded_and_who_has_most_makes_room() {
        let results = Results::default();
        let first = results.keep(&ann(), secret(), 1);
        for _ in 0..3 * EACH_MAX {
            results.keep(&Origin::Client, secret(), 1);
        }
        assert_eq!(results.0.lock().len(), EACH_MAX + 1);
        for _ in 0..10 {
            results.keep(&Origin::Client, secret(), BYTES_MAX / 2);
        }
        let weight: usize = results.0.lock().iter().map(|it| it.weight).sum();
        assert!(weight <= BYTES_MAX, "{weight}");
        assert!(results.take_secret(&first, &ann()).is_some(), "it takes little, and is kept");
    }
}

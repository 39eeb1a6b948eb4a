//! Answers that wait until what they rest on is durable.
//!
//! Entries of one author come out of the journal in the order in which they went in, so that a queue is enough. A
//! rejection waits as well, behind the last entry of the state that it was judged on: otherwise somebody could be told
//! "sold out" because of an order that a crash then makes undone.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::entry::Entry;

/// Gives an answer to whoever waits for it.
pub type Release = Box<dyn FnOnce() + Send>;

/// The answers that wait.
#[derive(Default)]
pub struct Waiting {
    queue: VecDeque<Parked>,
}

struct Parked {
    entry: Arc<Entry>,
    answers: Vec<Release>,
}

impl Waiting {
    /// Keeps `answer` until `entry`, which was just submitted, is durable.
    pub fn park(&mut self, entry: Arc<Entry>, answer: Release) {
        self.queue.push_back(Parked { entry, answers: vec![answer] });
    }

    /// Keeps `answer` until everything submitted so far is durable: gives it at once when nothing is on its way.
    pub fn park_behind(&mut self, answer: Release) {
        match self.queue.back_mut() {
            Some(last) => last.answers.push(answer),
            None => answer(),
        }
    }

    /// Takes the answers that rest on `entry`, which is durable now; none when another author wrote it.
    ///
    /// # Panics
    /// Not by itself: an entry that overtook another one of the same author stays for the caller's assertions.
    pub fn settle(&mut self, entry: &Arc<Entry>) -> Option<Vec<Release>> {
        self.queue.pop_front_if(|parked| Arc::ptr_eq(&parked.entry, entry)).map(|parked| parked.answers)
    }

    /// How many entries are on their way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no entry is on its way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::domain::entry::Events;
    use crate::domain::origin::Origin;
    use crate::domain::time::Timestamp;

    fn entry() -> Arc<Entry> {
        Arc::new(Entry { at: Timestamp(0), who: Origin::Client, key: None, events: Events::new() })
    }

    #[test]
    fn answers_in_order_and_rejections_behind_what_they_rest_on() {
        let (sender, receiver) = mpsc::channel();
        let say = |word: &'static str| -> Release {
            let sender = sender.clone();
            Box::new(move || sender.send(word).unwrap())
        };
        let (first, second, foreign) = (entry(), entry(), entry());
        let mut waiting = Waiting::default();
        waiting.park_behind(say("nothing under way"));
        waiting.park(first.clone(), say("first"));
        waiting.park_behind(say("judged on first"));
        waiting.park(second.clone(), say("second"));
        assert!(waiting.settle(&foreign).is_none());
        assert!(waiting.settle(&second).is_none(), "second does not overtake first");
        for entry in [first, second] {
            for release in waiting.settle(&entry).unwrap() {
                release();
            }
        }
        let said: Vec<_> = receiver.try_iter().collect();
        assert_eq!(said, ["nothing under way", "first", "judged on first", "second"]);
        assert!(waiting.is_empty());
    }
}

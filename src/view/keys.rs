//! Idempotency keys: which requests are being carried out or were, so that none has an effect twice.

use std::sync::Arc;
use std::time::Duration;

use foldhash::HashMap;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::ages::Ages;
use crate::domain::entry::RequestHash;
use crate::domain::time::Timestamp;
use crate::journal::Position;

/// A hash of a client's key: what is remembered of it. 128 bits make a collision as unlikely as a broken disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub [u8; 16]);

impl KeyHash {
    /// The hash of `key`.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let hash = blake3::hash(key.as_bytes());
        Self(std::array::from_fn(|i| hash.as_bytes()[i]))
    }
}

/// A key whose request had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// The hash of the client's key.
    pub key: KeyHash,
    /// The hash of the request.
    pub request: RequestHash,
    /// The entry with the answer.
    pub sequence: u64,
    /// Where that stands in the journal.
    pub position: Position,
    /// When the entry was decided.
    pub at: Timestamp,
}

#[derive(Debug)]
enum State {
    InFlight {
        request: RequestHash,
        waiters: Vec<oneshot::Sender<()>>,
    },
    /// It ages from `since` on.
    Done {
        request: RequestHash,
        position: Position,
        since: Timestamp,
    },
}

#[derive(Debug, Default)]
struct Inner {
    states: HashMap<KeyHash, State>,
    /// What is done, by the moment from which it ages.
    done: Ages<KeyHash>,
    dirty: Vec<KeyEntry>,
}

/// All keys that are remembered.
#[derive(Debug)]
pub struct Keys {
    inner: Mutex<Inner>,
    max: usize,
}

/// What a key allows.
#[derive(Debug)]
pub enum Claim {
    /// Go on: the key is new. Dropping the guard before the entry was submitted sets the key free again.
    Fresh(ClaimGuard),
    /// The request had its effect; the answer stands there.
    Done(Position),
    /// The same request is being carried out: ask again when this fires.
    Wait(oneshot::Receiver<()>),
    /// Another request carried this key.
    Mismatch,
    /// As many keys are remembered as may be.
    Full,
}

/// The right to carry out the request of a fresh key.
#[derive(Debug)]
pub struct ClaimGuard {
    keys: Arc<Keys>,
    key: Option<Box<str>>,
    request: RequestHash,
}

impl ClaimGuard {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_deref().expect("a guard holds its key until it is submitted")
    }

    /// The hash of the request.
    #[must_use]
    pub fn request(&self) -> RequestHash {
        self.request
    }

    /// The entry is on its way into the journal: only its durability settles the key now.
    pub fn submitted(mut self) {
        self.key = None;
    }
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.keys.release(KeyHash::of(&key));
        }
    }
}

impl Keys {
    pub(super) fn new(max: usize) -> Self {
        Self { inner: Mutex::default(), max }
    }

    /// Claims `key` for `request`.
    #[must_use]
    pub fn claim(self: &Arc<Self>, key: &str, request: RequestHash) -> Claim {
        let hash = KeyHash::of(key);
        let mut inner = self.inner.lock();
        let full = inner.states.len() >= self.max;
        match inner.states.get_mut(&hash) {
            Some(State::InFlight { request: other, .. } | State::Done { request: other, .. }) if *other != request => {
                Claim::Mismatch
            }
            Some(State::InFlight { waiters, .. }) => {
                let (sender, receiver) = oneshot::channel();
                waiters.push(sender);
                Claim::Wait(receiver)
            }
            Some(State::Done { position, .. }) => Claim::Done(*position),
            None if full => Claim::Full,
            None => {
                inner.states.insert(hash, State::InFlight { request, waiters: Vec::new() });
                Claim::Fresh(ClaimGuard { keys: self.clone(), key: Some(key.into()), request })
            }
        }
    }

    /// The hash of the request that had its effect under `key`, and where the answer stands.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<(RequestHash, Position)> {
        match self.inner.lock().states.get(&KeyHash::of(key)) {
            Some(State::Done { request, position, .. }) => Some((*request, *position)),
            Some(State::InFlight { .. }) | None => None,
        }
    }

    fn release(&self, key: KeyHash) {
        let mut inner = self.inner.lock();
        if matches!(inner.states.get(&key), Some(State::InFlight { .. })) {
            // The waiters wake by their sender being dropped, and ask again.
            inner.states.remove(&key);
        }
    }

    /// The entry that carries the key is durable; the key ages from `since` on.
    pub(super) fn complete(&self, entry: KeyEntry, since: Timestamp) {
        let mut inner = self.inner.lock();
        inner.settle(&entry, since);
        inner.dirty.push(entry);
    }

    /// Reads a key of a checkpoint, which ages from `since` on.
    pub(super) fn restore(&self, entry: &KeyEntry, since: Timestamp) {
        self.inner.lock().settle(entry, since);
    }

    /// Forgets keys that are older than `keep` at `present`. Looks at `most` of them, and answers whether there may be
    /// more.
    pub fn expire(&self, present: Timestamp, keep: Duration, most: usize) -> bool {
        let mut inner = self.inner.lock();
        for _ in 0..most {
            let Some((made, key)) = inner.done.pop_before(present.minus(keep)) else { return false };
            // A key that was used again after it expired stands for its later use, also after a restart that read both.
            if matches!(inner.states.get(&key), Some(State::Done { since, .. }) if *since == made) {
                inner.states.remove(&key);
            }
        }
        true
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().states.len()
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn take_dirty(&self) -> Vec<KeyEntry> {
        std::mem::take(&mut self.inner.lock().dirty)
    }

    pub(super) fn mark_dirty(&self, entries: Vec<KeyEntry>) {
        self.inner.lock().dirty.extend(entries);
    }
}

impl Inner {
    fn settle(&mut self, entry: &KeyEntry, since: Timestamp) {
        let done = State::Done { request: entry.request, position: entry.position, since };
        self.states.insert(entry.key, done);
        self.done.push(since, entry.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_used_again_is_forgotten_by_its_later_use() {
        let (keys, keep) = (Arc::new(Keys::new(10)), Duration::from_secs(10));
        let used = |seconds: u64| KeyEntry {
            key: KeyHash::of("k"),
            request: [1; 16],
            sequence: seconds,
            position: Position { segment_first: 1, offset: seconds },
            at: Timestamp(0).plus(Duration::from_secs(seconds)),
        };
        // As a restart reads them, that finds both in the journal.
        for entry in [used(1), used(20)] {
            keys.restore(&entry, entry.at);
        }
        keys.expire(Timestamp(0).plus(Duration::from_secs(25)), keep, 10);
        assert!(matches!(keys.claim("k", [1; 16]), Claim::Done(Position { offset: 20, .. })));
        keys.expire(Timestamp(0).plus(Duration::from_secs(31)), keep, 10);
        assert!(matches!(keys.claim("k", [1; 16]), Claim::Fresh(_)));
    }
}

//! Idempotency keys: which requests are being carried out or were, so that none has an effect twice.
//!
//! Each caller has a share of what may be remembered: four times what is left for others. So a caller alone has four
//! fifths. A few each one has whatever the others hold, so that whoever comes new always finds room. Keys of the
//! console are counted apart, and shared by who sends them in the same way. Whose a key is, a restart reads back.

use std::sync::Arc;
use std::time::Duration;

use foldhash::HashMap;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::ages::Ages;
use crate::domain::entry::RequestHash;
use crate::domain::origin::Origin;
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
    /// When the entry was decided, by the wall clock of that moment.
    pub at: Timestamp,
    /// The moment from which the key ages, by the present of this life of the process.
    pub since: Timestamp,
    /// Whose it is.
    pub owner: KeyOwner,
}

#[derive(Debug)]
enum State {
    InFlight {
        owner: KeyOwner,
        request: RequestHash,
        waiters: Vec<oneshot::Sender<()>>,
    },
    /// It ages from `since` on.
    Done {
        owner: KeyOwner,
        request: RequestHash,
        sequence: u64,
        position: Position,
        since: Timestamp,
        /// Whether the store holds it under a date that is later by far than `since`.
        is_dated_ahead: bool,
    },
}

/// Whose a key is: a caller's, by a hash of who that is. The highest bit says that the console made it for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyOwner(pub u64);

impl KeyOwner {
    const CONSOLE: u64 = 1 << 63;

    /// Whose `key` is that `who` sent.
    pub(super) fn of(key: &str, who: &Origin) -> Self {
        let KeyHash(hash) = KeyHash::of(&who.to_string());
        let who = hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        // No client can send a key with a space.
        let is_client = key.bytes().all(|byte| byte.is_ascii_graphic());
        Self(if is_client { who & !Self::CONSOLE } else { who | Self::CONSOLE })
    }

    fn is_console(self) -> bool {
        self.0 & Self::CONSOLE != 0
    }
}

/// How many keys are remembered, as a caller sees it.
#[derive(Clone, Copy)]
struct Count {
    /// The caller's own.
    own: usize,
    /// Those of all clients; of all who use the console, where it is a key of the console.
    all: usize,
}

/// A share is so many times what is left for others.
const SHARE: usize = 4;
/// One part in so many of the whole each caller has for sure, but one key at least.
const SURE_PART: usize = 100;
/// And this many at most: users and API keys are made by admins, but each one that is made can take so much memory.
const SURE_MAX: usize = 1_000;
/// When to come again where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_mins(1);
/// A date is ahead that is later by so much than the present is.
const AHEAD: Duration = Duration::from_mins(1);
/// So many old keys are forgotten before a new one is refused, and looked at to say when one will not be.
const LOOKED_AT: usize = 256;

#[derive(Debug, Default)]
struct Inner {
    by_owner: HashMap<KeyOwner, usize>,
    /// How many the console made.
    console: usize,
    /// What the present was when somebody said so last, when that was, and how long keys are kept.
    told: Option<(Timestamp, Instant, Duration)>,
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
    /// As many keys are remembered as may be of this caller.
    Full {
        /// When enough of the oldest ones are forgotten.
        retry_after: Duration,
    },
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
    pub fn claim(self: &Arc<Self>, key: &str, request: RequestHash, who: &Origin) -> Claim {
        let (hash, owner) = (KeyHash::of(key), KeyOwner::of(key, who));
        let mut inner = self.inner.lock();
        inner.forget_old(hash);
        if inner.is_full(owner, self.max) && !inner.states.contains_key(&hash) {
            if let Some((present, keep)) = inner.present() {
                inner.expire(present, keep, LOOKED_AT);
            }
            if inner.is_full(owner, self.max) {
                return Claim::Full { retry_after: inner.retry_after(owner, self.max) };
            }
        }
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
            None => {
                inner.count_one(owner);
                inner.states.insert(hash, State::InFlight { owner, request, waiters: Vec::new() });
                Claim::Fresh(ClaimGuard { keys: self.clone(), key: Some(key.into()), request })
            }
        }
    }

    /// The hash of the request that had its effect under `key`, and where the answer stands.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<(RequestHash, Position)> {
        let inner = self.inner.lock();
        match inner.states.get(&KeyHash::of(key)) {
            Some(State::Done { request, position, since, .. }) if !inner.is_old(*since) => Some((*request, *position)),
            Some(State::Done { .. } | State::InFlight { .. }) | None => None,
        }
    }

    fn release(&self, key: KeyHash) {
        let mut inner = self.inner.lock();
        if let Some(State::InFlight { owner, .. }) = inner.states.get(&key) {
            let owner = *owner;
            // The waiters wake by their sender being dropped, and ask again.
            inner.states.remove(&key);
            inner.forget_one(owner);
        }
    }

    /// Wakes everybody who waits for the end of a claim, which may never come: the journal is poisoned.
    pub fn wake_waiters(&self) {
        for state in self.inner.lock().states.values_mut() {
            if let State::InFlight { waiters, .. } = state {
                waiters.clear();
            }
        }
    }

    /// The entry that carries the key is durable.
    pub(super) fn complete(&self, entry: KeyEntry) {
        let mut inner = self.inner.lock();
        inner.settle(&entry);
        inner.dirty.push(entry);
    }

    /// Reads a key of a checkpoint.
    pub(super) fn restore(&self, entry: &KeyEntry) {
        self.inner.lock().settle(entry);
    }

    /// Those that age from `from` on or later, each dated by the present.
    #[must_use]
    pub fn aging_from(&self, from: Timestamp) -> Vec<KeyEntry> {
        let inner = self.inner.lock();
        inner.states.iter().filter_map(|(key, state)| state.entry(*key)).filter(|entry| entry.since >= from).collect()
    }

    /// From now on, while the present is `present`, keys are forgotten that are older than `keep`.
    pub fn pass_to(&self, present: Timestamp, keep: Duration) {
        self.inner.lock().told = Some((present, Instant::now(), keep));
    }

    /// Forgets keys that are older than `keep` at `present`. Looks at `most` of them, and answers whether there may be
    /// more.
    pub fn expire(&self, present: Timestamp, keep: Duration, most: usize) -> bool {
        let mut inner = self.inner.lock();
        inner.told = Some((present, Instant::now(), keep));
        inner.expire(present, keep, most)
    }

    /// How many keys of clients may be remembered.
    #[must_use]
    pub fn max(&self) -> usize {
        self.max
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
        let mut inner = self.inner.lock();
        // What came in the meantime is newer, and the last one of a key is what is stored.
        let newer = std::mem::replace(&mut inner.dirty, entries);
        inner.dirty.extend(newer);
    }
}

impl State {
    /// What is done under `key`, dated by the present.
    fn entry(&self, key: KeyHash) -> Option<KeyEntry> {
        match *self {
            Self::Done { owner, request, sequence, position, since, .. } => {
                Some(KeyEntry { key, request, sequence, position, at: since, since, owner })
            }
            Self::InFlight { .. } => None,
        }
    }
}

impl Inner {
    fn settle(&mut self, entry: &KeyEntry) {
        let KeyEntry { key, request, sequence, position, at, since, owner } = *entry;
        let is_dated_ahead = at > since.plus(AHEAD);
        let done = State::Done { owner, request, sequence, position, since, is_dated_ahead };
        if let Some(State::InFlight { owner, .. } | State::Done { owner, .. }) = self.states.insert(key, done) {
            self.forget_one(owner);
        }
        self.count_one(owner);
        self.done.push(since, key);
    }

    fn expire(&mut self, present: Timestamp, keep: Duration, most: usize) -> bool {
        for _ in 0..most {
            let Some((made, key)) = self.done.pop_before(present.minus(keep)) else { return false };
            // A key that was used again after it expired stands for its later use, also after a restart that read both.
            if let Some(state @ State::Done { owner, since, is_dated_ahead, .. }) = self.states.get(&key)
                && *since == made
            {
                let (owner, is_dated_ahead, entry) = (*owner, *is_dated_ahead, state.entry(key));
                self.states.remove(&key);
                self.forget_one(owner);
                if is_dated_ahead {
                    // With the date that it really had, the next checkpoint forgets it too.
                    self.dirty.extend(entry);
                }
            }
        }
        true
    }

    fn count_one(&mut self, owner: KeyOwner) {
        *self.by_owner.entry(owner).or_default() += 1;
        self.console += usize::from(owner.is_console());
    }

    fn forget_one(&mut self, owner: KeyOwner) {
        self.console -= usize::from(owner.is_console());
        if let Some(count) = self.by_owner.get_mut(&owner) {
            *count -= 1;
            if *count == 0 {
                self.by_owner.remove(&owner);
            }
        }
    }

    fn count(&self, owner: KeyOwner) -> Count {
        let all = if owner.is_console() { self.console } else { self.states.len() - self.console };
        Count { own: self.by_owner.get(&owner).copied().unwrap_or_default(), all }
    }

    /// Whether one more key of `owner` would be more than its share of `max`.
    fn is_full(&self, owner: KeyOwner, max: usize) -> bool {
        self.count(owner).is_full(max)
    }

    /// Whether what aged from `since` on is forgotten by now.
    fn is_old(&self, since: Timestamp) -> bool {
        self.present().is_some_and(|(present, keep)| since < present.minus(keep))
    }

    /// Forgets `key` where its time is over, and does not wait for the next round that forgets all of them.
    fn forget_old(&mut self, key: KeyHash) {
        if let Some(State::Done { owner, since, .. }) = self.states.get(&key) {
            let (owner, since) = (*owner, *since);
            if self.is_old(since) {
                self.states.remove(&key);
                self.forget_one(owner);
            }
        }
    }

    /// The present and how long keys are kept, as they were when keys were forgotten last.
    fn present(&self) -> Option<(Timestamp, Duration)> {
        self.told.map(|(present, at, keep)| (present.plus(at.elapsed()), keep))
    }

    /// When enough of the oldest keys are forgotten that `owner` may use one more; where that takes more than is looked
    /// at, when those are.
    fn retry_after(&self, owner: KeyOwner, max: usize) -> Duration {
        let Some((present, keep)) = self.present() else { return RETRY_AFTER };
        let mut count = self.count(owner);
        let mut forgotten = None;
        for (at, key) in self.done.queued().take(LOOKED_AT) {
            // A key that was used again, or read back twice, is in the queue twice.
            let Some(State::Done { owner: whose, since, .. }) = self.states.get(key) else { continue };
            if since != at {
                continue;
            }
            count.own = count.own.saturating_sub(usize::from(*whose == owner));
            count.all = count.all.saturating_sub(usize::from(whose.is_console() == owner.is_console()));
            forgotten = Some(at.plus(keep));
            if !count.is_full(max) {
                break;
            }
        }
        forgotten.map_or(RETRY_AFTER, |forgotten| forgotten.since(present))
    }
}

impl Count {
    fn is_full(self, max: usize) -> bool {
        if self.own < (max / SURE_PART).clamp(1, SURE_MAX) {
            return false;
        }
        let left = max.saturating_sub(self.all);
        left == 0 || self.own > SHARE.saturating_mul(left - 1)
    }
}

#[cfg(test)]
mod tests;

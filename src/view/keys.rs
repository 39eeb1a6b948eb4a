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
mod tests {
    use super::*;

    fn key_of(name: &str) -> Origin {
        Origin::Key(name.into())
    }

    #[test]
    fn one_caller_leaves_room_for_others_and_is_told_when_to_come_again() {
        let keys = Arc::new(Keys::new(100));
        let start = Timestamp(0).plus(Duration::from_secs(1_000));
        keys.expire(start, Duration::from_secs(50), 1);
        let place = |who: &str, key: String, since: Timestamp| match keys.claim(&key, [1; 16], &key_of(who)) {
            Claim::Fresh(claim) => {
                let position = Position { segment_first: 1, offset: 1 };
                let entry = KeyEntry {
                    key: KeyHash::of(&key),
                    request: [1; 16],
                    sequence: 1,
                    position,
                    at: since,
                    since,
                    owner: KeyOwner::of(&key, &key_of(who)),
                };
                claim.submitted();
                keys.complete(entry);
                Ok(())
            }
            Claim::Full { retry_after } => Err(retry_after),
            other => panic!("{other:?}"),
        };
        let mut till = (0..100).map(|n| place("till", format!("t{n}"), start));
        assert_eq!(till.by_ref().take_while(Result::is_ok).count(), 80);
        let wait = till.next().unwrap().unwrap_err().as_secs();
        assert!((45..=50).contains(&wait), "the oldest one is forgotten after 50 s: {wait}");
        assert_eq!((0..100).filter(|n| place("shop", format!("s{n}"), start).is_ok()).count(), 16);
        assert_eq!((0..100).filter(|n| place("other", format!("o{n}"), start).is_ok()).count(), 3);
        let form = |who: &str, n: usize| place(who, format!("console /admin/orders/new/ {who} {n}"), start).is_ok();
        let forms = ["till", "shop", "other"].map(|who| (0..100).filter(|n| form(who, *n)).count());
        assert_eq!(forms, [80, 16, 3], "the console's own are counted apart, and shared as well");
        let later = start.plus(Duration::from_secs(51));
        while keys.expire(later, Duration::from_secs(50), 10) {}
        assert!(keys.is_empty() && keys.inner.lock().by_owner.is_empty());
        assert!(place("till", "t0".into(), later).is_ok());
    }

    #[test]
    fn whoever_comes_new_finds_room_however_much_the_others_hold() {
        let keys = Arc::new(Keys::new(1_000));
        let mut held = Vec::new();
        let mut found = |who: String, number: usize| {
            let claims =
                (0..number).map_while(|nth| match keys.claim(&format!("{who}-{nth}"), [1; 16], &key_of(&who)) {
                    Claim::Fresh(guard) => Some(guard),
                    _ => None,
                });
            let before = held.len();
            held.extend(claims);
            held.len() - before
        };
        let each: Vec<_> = (0..10).map(|caller| found(format!("c{caller}"), 1_000)).collect();
        assert_eq!(each, [800, 160, 32, 10, 10, 10, 10, 10, 10, 10]);
    }

    #[test]
    fn when_to_come_again_is_known_whoever_has_the_keys_and_holds() {
        let (keys, keep) = (Arc::new(Keys::new(10)), Duration::from_secs(50));
        let start = Timestamp(0).plus(Duration::from_secs(1_000));
        let position = Position { segment_first: 1, offset: 1 };
        for nth in 0..10_u64 {
            let key = format!("t{nth}");
            let (owner, at) = (KeyOwner::of(&key, &key_of("till")), start.plus(Duration::from_secs(nth)));
            let entry =
                KeyEntry { key: KeyHash::of(&key), request: [1; 16], sequence: 1, position, at, since: at, owner };
            keys.restore(&entry);
        }
        // Nothing was forgotten yet.
        keys.pass_to(start.plus(Duration::from_secs(10)), keep);
        let claim = |who: &str| match keys.claim("new", [1; 16], &key_of(who)) {
            Claim::Fresh(_) => None,
            Claim::Full { retry_after } => Some(retry_after.as_secs_f64().round()),
            other => panic!("{other:?}"),
        };
        assert_eq!(claim("till"), Some(42.0), "when three are forgotten, seven are no more than its share");
        keys.pass_to(start.plus(Duration::from_secs(51)), keep);
        assert_eq!(claim("till"), Some(1.0), "two are not enough");
        keys.pass_to(start.plus(keep + Duration::from_millis(2_001)), keep);
        assert_eq!(claim("till"), None, "what is old is forgotten when it is in the way");
    }

    #[test]
    fn a_key_is_forgotten_when_its_time_is_over_and_not_only_at_the_next_round() {
        let (keys, keep) = (Arc::new(Keys::new(10)), Duration::from_secs(5));
        let start = Timestamp(0).plus(Duration::from_secs(1_000));
        let position = Position { segment_first: 1, offset: 1 };
        let owner = KeyOwner::of("k", &Origin::Client);
        keys.pass_to(start, keep);
        let entry =
            KeyEntry { key: KeyHash::of("k"), request: [1; 16], sequence: 1, position, at: start, since: start, owner };
        keys.restore(&entry);
        keys.pass_to(start.plus(Duration::from_secs(4)), keep);
        assert!(matches!(keys.claim("k", [1; 16], &Origin::Client), Claim::Done(_)) && keys.find("k").is_some());
        keys.pass_to(start.plus(Duration::from_secs(6)), keep);
        assert_eq!(keys.find("k"), None);
        assert!(matches!(keys.claim("k", [2; 16], &Origin::Client), Claim::Fresh(_)), "also for another request");
        assert!(keys.is_empty() && keys.inner.lock().by_owner.is_empty());
    }

    #[test]
    fn a_claim_that_is_given_up_counts_for_nobody() {
        let keys = Arc::new(Keys::new(10));
        for n in 0..100 {
            assert!(matches!(keys.claim(&format!("k{n}"), [1; 16], &Origin::Client), Claim::Fresh(_)));
        }
        assert!(keys.is_empty() && keys.inner.lock().by_owner.is_empty());
    }

    #[test]
    fn a_key_that_was_used_again_is_forgotten_by_its_later_use() {
        let (keys, keep) = (Arc::new(Keys::new(10)), Duration::from_secs(10));
        let used = |seconds: u64| KeyEntry {
            key: KeyHash::of("k"),
            request: [1; 16],
            sequence: seconds,
            position: Position { segment_first: 1, offset: seconds },
            at: Timestamp(0).plus(Duration::from_secs(seconds)),
            since: Timestamp(0).plus(Duration::from_secs(seconds)),
            owner: KeyOwner::of("k", &Origin::Client),
        };
        // As a restart reads them, that finds both in the journal.
        for entry in [used(1), used(20)] {
            keys.restore(&entry);
        }
        keys.expire(Timestamp(0).plus(Duration::from_secs(25)), keep, 10);
        assert!(matches!(keys.claim("k", [1; 16], &Origin::Client), Claim::Done(Position { offset: 20, .. })));
        keys.expire(Timestamp(0).plus(Duration::from_secs(31)), keep, 10);
        assert!(matches!(keys.claim("k", [1; 16], &Origin::Client), Claim::Fresh(_)));
        assert!(keys.inner.lock().by_owner.is_empty(), "used twice, it is counted once");
    }
}

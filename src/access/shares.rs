//! What all callers share, and how much of it each may have.
//!
//! A bound that is only on the whole lets one caller take everything. Here each caller has a share: [`Shares`] gives
//! out what is had or not had (room for bodies, places of followers), [`Turns`] what is waited for (threads).

use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use actix_web::{HttpMessage, HttpRequest};
use foldhash::{HashMap, HashMapExt};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::admitted::Admitted;
use super::buckets::Source;
use crate::domain::origin::Origin;
use crate::domain::share::room;

/// Whose share something is: a key's, a user's, or that of an address which says no name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Key(Arc<str>),
    User(Arc<str>),
    Address(Source),
}

impl Holder {
    /// Whoever sent `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let named = request.extensions().get::<Admitted>().and_then(|admitted| match &admitted.caller.who {
            Origin::Key(name) => Some(Kind::Key(name.clone())),
            Origin::User(name) => Some(Kind::User(name.clone())),
            Origin::Timer | Origin::Client | Origin::Cli => None,
        });
        let address = || Kind::Address(Source::of(request.peer_addr().map(|address| address.ip())));
        Self(named.unwrap_or_else(address))
    }

    /// Whoever calls from `address` and says no name.
    #[must_use]
    pub fn at(address: Option<IpAddr>) -> Self {
        Self(Kind::Address(Source::of(address)))
    }
}

/// An amount that callers share.
///
/// Each has [what all are due](room). So a caller alone may have half, of two busy ones each a third, and whoever comes
/// new finds something, however greedy the others are, until there are about as many of them as the root of the whole:
/// 150 addresses of 25,000 connections.
#[derive(Clone)]
pub struct Shares(Arc<Amounts>);

struct Amounts {
    total: usize,
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    total: usize,
    by_holder: HashMap<Holder, usize>,
}

/// An amount that somebody has until this is dropped.
pub struct Share {
    shares: Shares,
    holder: Holder,
    amount: usize,
}

impl Shares {
    /// Gives out at most `total`.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Self(Arc::new(Amounts { total, given: Mutex::new(Given { total: 0, by_holder: HashMap::new() }) }))
    }

    /// Gives `amount` to `holder`; nothing where that is more than their share.
    #[must_use]
    pub fn take(&self, holder: &Holder, amount: usize) -> Option<Share> {
        let mut share = Share { shares: self.clone(), holder: holder.clone(), amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// Whether [`Shares::take`] would give `amount` now.
    #[must_use]
    pub fn has(&self, holder: &Holder, amount: usize) -> bool {
        let given = self.0.given.lock();
        self.0.allows(&given, given.by_holder.get(holder).copied().unwrap_or_default(), amount)
    }
}

impl Amounts {
    fn allows(&self, given: &Given, held: usize, more: usize) -> bool {
        room(self.total, given.total, held, given.by_holder.len()).is_some_and(|room| more <= room)
    }
}

impl Share {
    /// How much it is.
    #[must_use]
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Adds `more`; `false`, and nothing is added, where that would be more than the holder's share.
    #[must_use]
    pub fn grow(&mut self, more: usize) -> bool {
        let amounts = &self.shares.0;
        let mut given = amounts.given.lock();
        let held = given.by_holder.get(&self.holder).copied().unwrap_or_default();
        if !amounts.allows(&given, held, more) {
            return false;
        }
        given.total += more;
        given.by_holder.insert(self.holder.clone(), held + more);
        self.amount += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut given = self.shares.0.given.lock();
        given.total -= self.amount;
        if let Entry::Occupied(mut held) = given.by_holder.entry(self.holder.clone()) {
            *held.get_mut() -= self.amount;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

/// Turns that callers wait for: a fixed number at once, of which one caller has at most half, running or next in line.
#[derive(Clone)]
pub struct Turns {
    all: Arc<Semaphore>,
    each: usize,
    own: Arc<Mutex<HashMap<Holder, Weak<Own>>>>,
}

/// What one caller has of the turns.
struct Own {
    /// Places for who has a turn or waits for one.
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A turn. It ends when it is dropped.
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _among_own: OwnedSemaphorePermit,
    _among_all: OwnedSemaphorePermit,
    /// It is known for as long as it has a turn.
    _own: Arc<Own>,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// So much of this caller waits already that this one would wait for long.
    Crowded,
    /// There will be no more turns.
    Over,
}

/// So much of one caller may wait. Who hung up is not seen to be gone while it waits: this is what that can cost
/// others.
const WAITING_MAX: usize = 256;

/// Above this number of callers, those without a turn are forgotten.
const HOLDERS_KEPT: usize = 64;

impl Turns {
    /// `count` at once.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(count)), each: (count / 2).max(1), own: Arc::default() }
    }

    /// Waits for a turn. First among those of `holder`, and only the first of them among all: however many wait, nobody
    /// else is further behind for it.
    ///
    /// # Errors
    /// At once where 256 of `holder` wait already; and when the turns [are over](Turns::end), also for who waits by
    /// then.
    pub async fn wait(&self, holder: &Holder) -> Result<Turn, NoTurn> {
        let own = self.own_of(holder);
        let place = own.places.clone().try_acquire_owned().map_err(|refused| match refused {
            TryAcquireError::NoPermits => NoTurn::Crowded,
            TryAcquireError::Closed => NoTurn::Over,
        })?;
        let among_own = own.turns.clone().acquire_owned().await.map_err(|_| NoTurn::Over)?;
        let among_all = self.all.clone().acquire_owned().await.map_err(|_| NoTurn::Over)?;
        Ok(Turn { _place: place, _among_own: among_own, _among_all: among_all, _own: own })
    }

    /// Lets go of all who wait, and of who comes from now on. Turns that somebody has go on.
    pub fn end(&self) {
        // In this order: who is counted from now on finds no turn.
        self.all.close();
        self.own.lock().values().filter_map(Weak::upgrade).for_each(|own| own.turns.close());
    }

    fn own_of(&self, holder: &Holder) -> Arc<Own> {
        let mut own = self.own.lock();
        if let Some(known) = own.get(holder).and_then(Weak::upgrade) {
            return known;
        }
        if own.len() >= HOLDERS_KEPT {
            own.retain(|_, known| known.strong_count() > 0);
        }
        let places = Arc::new(Semaphore::new(self.each + WAITING_MAX));
        let new = Arc::new(Own { places, turns: Arc::new(Semaphore::new(self.each)) });
        own.insert(holder.clone(), Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn holder(last: u8) -> Holder {
        Holder::at(Some(IpAddr::from([10, 0, 0, last])))
    }

    #[test]
    fn whoever_comes_new_finds_something_however_much_others_take() {
        let shares = Shares::new(100);
        let all = |who: &Holder| std::iter::from_fn(|| shares.take(who, 1)).collect::<Vec<_>>();
        let (first, second) = (all(&holder(1)), all(&holder(2)));
        assert_eq!((first.len(), second.len()), (50, 17));
        assert!(!shares.has(&holder(1), 1) && shares.has(&holder(3), 16) && !shares.has(&holder(3), 17));
        drop(first);
        assert_eq!(all(&holder(2)).len(), 33, "the share grows with what is left");
        drop(second);
        assert!(shares.0.given.lock().by_holder.is_empty(), "nothing is kept of those who have nothing");
    }

    #[test]
    fn a_hundred_greedy_callers_leave_something_for_the_next_one() {
        const TOTAL: usize = 25_000;
        let shares = Shares::new(TOTAL);
        let held: Vec<_> = (1..=100)
            .map(|nth| {
                let all: Vec<_> = std::iter::from_fn(|| shares.take(&holder(nth), 1)).collect();
                let fair = TOTAL / (usize::from(nth) * (usize::from(nth) + 1));
                assert!(all.len() >= fair, "the {nth}th found {} of {fair}", all.len());
                all
            })
            .collect();
        assert!(shares.has(&holder(101), 100), "a whole hundredth part is left");
        drop(held);
    }

    #[test]
    fn many_who_hold_little_do_not_let_one_have_more_than_half() {
        let shares = Shares::new(1_000);
        let _few: Vec<_> = (1..=100).map(|nth| shares.take(&holder(nth), 1).unwrap()).collect();
        let most = std::iter::from_fn(|| shares.take(&holder(101), 1)).collect::<Vec<_>>();
        assert_eq!(most.len(), 450);
    }

    #[test]
    fn of_two_busy_callers_each_has_a_third() {
        let shares = Shares::new(300);
        let mut held = [0, 0];
        let mut places = Vec::new();
        for turn in 0..=255 {
            let place = shares.take(&holder(turn % 2), 1);
            held[usize::from(turn % 2)] += usize::from(place.is_some());
            places.extend(place);
        }
        assert_eq!(held, [100, 100]);
    }

    #[test]
    fn a_share_grows_until_it_is_as_large_as_what_is_left() {
        let shares = Shares::new(10);
        let mut share = shares.take(&holder(1), 3).unwrap();
        assert!(share.grow(2) && !share.grow(1));
        assert_eq!(share.amount(), 5);
        assert!(shares.take(&holder(1), usize::MAX).is_none());
        drop(share);
        assert!(shares.has(&holder(2), 5) && !shares.has(&holder(2), 6));
    }

    #[tokio::test]
    async fn one_caller_leaves_turns_for_the_others() {
        let turns = Turns::new(4);
        let (one, other) = (holder(1), holder(2));
        let (first, second) = (turns.wait(&one).await, turns.wait(&one).await);
        tokio::select! {
            biased;
            _ = turns.wait(&one) => panic!("a third turn of the same caller"),
            _ = turns.wait(&other) => {}
        }
        drop(first);
        let _third = turns.wait(&one).await;
        drop(second);
    }

    #[tokio::test]
    async fn so_many_of_a_caller_wait_and_no_more_and_all_are_let_go_at_the_end() {
        let turns = Turns::new(4);
        let (one, other) = (holder(1), holder(2));
        let held = [turns.wait(&one).await.unwrap(), turns.wait(&one).await.unwrap()];
        let wait = |who: Holder| {
            let turns = turns.clone();
            tokio::spawn(async move { turns.wait(&who).await.err() })
        };
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| wait(one.clone())).collect();
        for _ in 0..WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let at_once = Duration::from_secs(5);
        let refused = tokio::time::timeout(at_once, turns.wait(&one)).await.expect("it is refused at once");
        assert_eq!(refused.err(), Some(NoTurn::Crowded), "one more waits for too long");
        let others = [turns.wait(&other).await.unwrap(), turns.wait(&other).await.unwrap()];
        let last = wait(other);
        tokio::task::yield_now().await;
        turns.end();
        for waiting in waiting.into_iter().chain([last]) {
            let ended = tokio::time::timeout(at_once, waiting).await.expect("nobody waits any more");
            assert_eq!(ended.unwrap(), Some(NoTurn::Over));
        }
        assert_eq!(turns.wait(&holder(3)).await.err(), Some(NoTurn::Over));
        drop((held, others));
    }
}

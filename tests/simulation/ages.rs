//! Since when everything ages that leaves or is flagged one day, in time that really passes, by other code than the
//! engine's.
//!
//! What happens in a life ages from when it was seen; what a start reads back, from its date by the clock of the start,
//! or from the start where that is later. A key is dated by the later of two clocks: the wall clock, and the one that
//! began with it in that life and never steps. So a clock that was behind makes nobody forget too early.

use std::collections::BTreeMap;
use std::time::Duration;

use packhorse::domain::order::{Order, Status};
use packhorse::domain::time::Timestamp;
use packhorse::view::PACK_SIZE;

use super::model::Model;

/// A moment in microseconds since the run began; what was there before has one below zero.
pub(crate) type Moment = i64;

/// How far a date may be from when something happened without being wrong, and the time of a slow sync.
pub(crate) const SLACK: Moment = 120_000_000;

/// See the module.
#[derive(Default)]
pub(crate) struct Ages {
    /// Since when each order is in its status.
    pub(crate) stages: BTreeMap<u64, (Status, Moment)>,
    /// When each ended order was changed last.
    pub(crate) ended: BTreeMap<u64, Moment>,
    /// When an order of each pack was changed last in this life: a checkpoint has to write it before any of it may
    /// leave.
    pub(crate) packs: BTreeMap<u64, Moment>,
    /// From when on each effect of a key ages: one for each of the model's.
    pub(crate) keys: Vec<Moment>,
    /// The latest date under which a store may hold each of them.
    dates: Vec<i64>,
    /// Between which looks each of them really was.
    pub(crate) effects: Vec<(Moment, Moment)>,
    looked: Moment,
    /// When the orders of this life were placed.
    pub(crate) placed: Vec<Moment>,
    /// How many of the keys had their effect before this life.
    pub(crate) recalled: usize,
    pub(crate) life_began: Moment,
    /// What the wall clock showed then, and by how much it was set forward since, at most.
    life_wall: i64,
    ahead: i64,
    /// When a client was last gone before it was answered: its key is not free yet.
    pub(crate) gave_up: Moment,
    /// Since when nobody touched the wall clock, and the store.
    pub(crate) clock_calm: Moment,
    pub(crate) store_calm: Moment,
}

pub(crate) fn moment(passed: Duration) -> Moment {
    i64::try_from(passed.as_micros()).expect("a run lasts a month")
}

pub(crate) fn micros(span: Duration) -> Moment {
    moment(span)
}

impl Ages {
    /// The process was started, and what it found is in `model`.
    pub(crate) fn restart(&mut self, model: &Model, passed: Duration, wall: Timestamp) {
        let now = moment(passed);
        let since = |at: Timestamp| now - (wall.0 - at.min(wall).0);
        let order_models = || model.orders.iter();
        let stages =
            order_models().map(|(id, order_model)| (*id, (order_model.status, since(order_model.moved_at)))).collect();
        let ended = order_models().filter(|(_, order_model)| order_model.status.is_terminal());
        let ended = ended.map(|(id, order_model)| (*id, since(order_model.moved_at))).collect();
        let dates: Vec<_> = (0..).zip(&model.keys).map(|(nth, effect)| self.dated(nth, effect.at, now)).collect();
        let keys: Vec<_> = dates.iter().map(|date| since(Timestamp(*date))).collect();
        let recalled = keys.len();
        let mut effects = std::mem::take(&mut self.effects);
        effects.resize(recalled, (self.looked, now));
        let (life_began, clock_calm, store_calm) = (now, now, now);
        *self = Self {
            stages,
            ended,
            packs: BTreeMap::new(),
            keys,
            dates,
            effects,
            looked: now,
            placed: Vec::new(),
            recalled,
            life_began,
            life_wall: wall.0,
            ahead: 0,
            gave_up: now,
            clock_calm,
            store_calm,
        };
    }

    /// The latest date under which a store may hold the key `nth`, which has an effect of `at`, when a life ends `now`.
    fn dated(&self, nth: usize, at: Timestamp, now: Moment) -> i64 {
        let date = self.dates.get(nth).copied().unwrap_or(at.0);
        let since = self.keys.get(nth).copied().unwrap_or(now);
        if since < self.life_began {
            return date;
        }
        date.max(self.life_wall + (since - self.life_began) + self.ahead)
    }

    /// What the clock that began with this life and never steps shows.
    pub(crate) fn present(&self, passed: Duration) -> Timestamp {
        Timestamp(self.life_wall + (moment(passed) - self.life_began))
    }

    /// `order` was published like this.
    pub(crate) fn note(&mut self, order: &Order, passed: Duration) {
        let (now, id) = (moment(passed), order.id.0);
        self.packs.insert(id / PACK_SIZE, now);
        if order.version == 1 {
            self.placed.push(now);
        }
        if self.stages.get(&id).is_none_or(|(status, _)| *status != order.status) {
            self.stages.insert(id, (order.status, now));
        }
        if order.status.is_terminal() {
            self.ended.insert(id, now);
        }
    }

    /// It is looked at `passed`, when the wall clock shows `wall`, and everything that `model` holds is durable.
    pub(crate) fn see(&mut self, model: &Model, passed: Duration, wall: Timestamp) {
        let now = moment(passed);
        self.ahead = self.ahead.max(wall.0 - self.present(passed).0);
        self.keys.resize(model.keys.len(), now);
        self.effects.resize(model.keys.len(), (self.looked, now));
        self.looked = now;
    }
}

//! Token buckets, one for each key or address, bounded in number.
//!
//! A bucket is one number: when it would be full again (the generic cell rate algorithm). One that is full by now is no
//! different from one that was never there, so that it can be forgotten.

use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use parking_lot::Mutex;

/// So many locks, so that threads seldom meet at one.
const SHARDS: usize = 16;
/// The most buckets behind one lock; those that find no room share one.
const SHARD_MAX: usize = 4_096;

/// What counts as one address: of IPv6 the network, of which one customer has all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(u64);

impl Source {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        Self(match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => u64::from(address.to_bits()),
            // The first half is never as small as an address of IPv4, except the unspecified and the loopback ones.
            Some(IpAddr::V6(address)) => u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX).max(1 << 32),
            None => u64::MAX,
        })
    }
}

struct Shard<K> {
    full_at: HashMap<K, Duration>,
    shared: Duration,
}

pub(super) struct Buckets<K> {
    start: Instant,
    /// What one request takes to come back.
    every: Duration,
    burst: u32,
    hasher: std::hash::RandomState,
    shards: [Mutex<Shard<K>>; SHARDS],
}

impl<K: Copy + Eq + Hash> Buckets<K> {
    /// Buckets of `burst` that get one back after `every`.
    pub(super) fn new(burst: u32, every: Duration) -> Self {
        let shard = || Mutex::new(Shard { full_at: HashMap::new(), shared: Duration::ZERO });
        let hasher = std::hash::RandomState::new();
        Self { start: Instant::now(), every, burst, hasher, shards: std::array::from_fn(|_| shard()) }
    }

    /// Takes one of the bucket of `key`, or says when there will be one.
    pub(super) fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let now = now.saturating_duration_since(self.start);
        let mut shard = self.shard(key).lock();
        let Shard { full_at, shared } = &mut *shard;
        if full_at.len() >= SHARD_MAX && !full_at.contains_key(&key) {
            full_at.retain(|_, full_at| *full_at > now);
        }
        let is_crowded = full_at.len() >= SHARD_MAX && !full_at.contains_key(&key);
        let slot = if is_crowded { shared } else { full_at.entry(key).or_default() };
        let next = (*slot).max(now) + self.every;
        let latest = now + self.every * self.burst;
        if let Some(wait) = next.checked_sub(latest).filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        *slot = next;
        Ok(())
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, key: K) {
        if let Some(full_at) = self.shard(key).lock().full_at.get_mut(&key) {
            *full_at = full_at.saturating_sub(self.every);
        }
    }

    fn shard(&self, key: K) -> &Mutex<Shard<K>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_empties_and_fills_by_itself() {
        let buckets = Buckets::new(3, SECOND);
        let now = buckets.start + SECOND;
        for _ in 0..3 {
            assert_eq!(buckets.take(1, now), Ok(()));
        }
        assert_eq!(buckets.take(1, now), Err(SECOND));
        assert_eq!(buckets.take(2, now), Ok(()), "another one is not concerned");
        assert_eq!(buckets.take(1, now + SECOND), Ok(()));
        assert_eq!(buckets.take(1, now + SECOND), Err(SECOND));
        buckets.give_back(1);
        assert_eq!(buckets.take(1, now + SECOND), Ok(()));
    }

    #[test]
    fn more_than_there_is_room_for_share_a_bucket_until_others_are_full_again() {
        let buckets = Buckets::new(1, SECOND);
        let now = buckets.start + SECOND;
        let many = SHARDS as u64 * SHARD_MAX as u64 * 2;
        let taken = (0..many).filter(|key| buckets.take(*key, now).is_ok()).count();
        let kept: usize = buckets.shards.iter().map(|shard| shard.lock().full_at.len()).sum();
        assert_eq!(kept, SHARDS * SHARD_MAX);
        assert_eq!(taken, kept + SHARDS);
        assert_eq!(buckets.take(many, now + SECOND), Ok(()));
    }

    #[test]
    fn an_address_of_ipv6_counts_by_its_network() {
        let of = |text: &str| Source::of(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_ne!(of("::1"), of("0.0.0.1"));
    }
}

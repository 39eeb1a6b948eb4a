//! The sessions of users who signed in, in memory: a restart signs everybody out.
//!
//! Only a hash of the token is kept, so that no copy of the memory holds one that lets somebody in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use parking_lot::RwLock;

use crate::domain::access::AccessName;
use crate::secret::random;

/// What a cookie holds: 32 bytes of chance. Never shown.
pub(super) struct Token(blake3::Hash);

/// The number of a session, for lists. It lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(pub u64);

/// A session in a list.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// Whose it is.
    pub user: AccessName,
    /// How long ago the user signed in.
    pub age: Duration,
    /// How long ago it was used last.
    pub idle: Duration,
}

/// A session that holds.
pub(super) struct Live {
    pub(super) id: SessionId,
    pub(super) user: AccessName,
    /// Of the user when they signed in: when it has changed, the session has ended.
    pub(super) epoch: u32,
    since: Instant,
    /// Milliseconds from `since` to the last use.
    seen: AtomicU64,
}

pub(super) struct Sessions {
    idle_max: Duration,
    age_max: Duration,
    count_max: usize,
    live: RwLock<HashMap<[u8; 32], Arc<Live>>>,
    last: AtomicU64,
}

impl Token {
    /// A new one.
    pub(super) fn new() -> Self {
        Self(blake3::Hash::from_bytes(random()))
    }

    /// The one that `text` is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(Self)
    }

    /// The text, for the cookie and nothing else.
    pub(super) fn secret_text(&self) -> String {
        self.0.to_hex().to_string()
    }

    /// What proves that a form came from a page of this session: only who knows `secret` can make it.
    pub(super) fn csrf(&self, secret: &[u8; 32]) -> blake3::Hash {
        blake3::keyed_hash(secret, self.0.as_bytes())
    }

    fn digest(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Live {
    fn idle(&self, now: Instant) -> Duration {
        let seen = self.since + Duration::from_millis(self.seen.load(Ordering::Relaxed));
        now.saturating_duration_since(seen)
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Notes that somebody uses the session, which puts off its end.
    pub(super) fn note_use(&self, now: Instant) {
        let seen = u64::try_from(self.age(now).as_millis()).unwrap_or(u64::MAX);
        self.seen.fetch_max(seen, Ordering::Relaxed);
    }
}

impl Sessions {
    pub(super) fn new(idle_max: Duration, age_max: Duration, count_max: usize) -> Self {
        Self { idle_max, age_max, count_max, live: RwLock::default(), last: AtomicU64::new(0) }
    }

    /// Begins a session. Where there are as many as may be, one makes room: of the user who would have most, the one
    /// that was idle longest. So nobody ends the sessions of those who have fewer.
    pub(super) fn begin(&self, user: AccessName, epoch: u32, now: Instant) -> Token {
        let token = Token::new();
        let id = SessionId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let mut live = self.live.write();
        live.retain(|_, session| self.holds(session, now));
        if live.len() >= self.count_max
            && let Some(digest) = makes_room(&live, &user, now)
        {
            live.remove(&digest);
        }
        let session = Live { id, user, epoch, since: now, seen: AtomicU64::new(0) };
        live.insert(token.digest(), Arc::new(session));
        token
    }

    /// The session of `token` that holds at `now`.
    pub(super) fn find(&self, token: &Token, now: Instant) -> Option<Arc<Live>> {
        let found = self.live.read().get(&token.digest()).cloned()?;
        if !self.holds(&found, now) {
            self.end(token);
            return None;
        }
        Some(found)
    }

    /// Ends the session of `token`, if there is one.
    pub(super) fn end(&self, token: &Token) {
        self.live.write().remove(&token.digest());
    }

    /// Ends a session by its number; `false` when there is none.
    pub(super) fn revoke(&self, id: SessionId) -> bool {
        let mut live = self.live.write();
        let before = live.len();
        live.retain(|_, session| session.id != id);
        live.len() < before
    }

    /// The sessions that hold, the newest first.
    pub(super) fn list(&self, now: Instant, is_current: impl Fn(&Live) -> bool) -> Vec<SessionRow> {
        let live = self.live.read();
        let row = |session: &Arc<Live>| SessionRow {
            id: session.id,
            user: session.user.clone(),
            age: session.age(now),
            idle: session.idle(now),
        };
        let mut rows: Vec<_> =
            live.values().filter(|session| self.holds(session, now) && is_current(session)).map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.id.0));
        rows
    }

    fn holds(&self, session: &Live, now: Instant) -> bool {
        session.idle(now) < self.idle_max && session.age(now) < self.age_max
    }
}

/// Which session ends so that `user` can begin one.
fn makes_room(live: &HashMap<[u8; 32], Arc<Live>>, user: &AccessName, now: Instant) -> Option<[u8; 32]> {
    let mut counts: HashMap<&AccessName, usize> = HashMap::from([(user, 1)]);
    for session in live.values() {
        *counts.entry(&session.user).or_default() += 1;
    }
    // Who begins one and has as many as anybody ends one of their own.
    let rank = |session: &Live| (counts.get(&session.user), session.user == *user, session.idle(now));
    live.iter().max_by_key(|(_, session)| rank(session)).map(|(digest, _)| *digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn sessions(count_max: usize) -> Sessions {
        Sessions::new(30 * MINUTE, 60 * MINUTE, count_max)
    }

    fn bob() -> AccessName {
        AccessName::parse("bob").unwrap()
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
        let (sessions, start) = (sessions(9), Instant::now());
        let used = sessions.begin(bob(), 1, start);
        let unused = sessions.begin(bob(), 1, start);
        sessions.find(&used, start + 29 * MINUTE).unwrap().note_use(start + 29 * MINUTE);
        assert!(sessions.find(&unused, start + 29 * MINUTE).is_some(), "to be found is no use");
        assert!(sessions.find(&unused, start + 30 * MINUTE).is_none());
        let late = start + 58 * MINUTE;
        sessions.find(&used, late).expect("a use puts the end off").note_use(late);
        assert!(sessions.find(&used, start + 60 * MINUTE).is_none(), "but not for ever");
        assert!(sessions.find(&used, start).is_none(), "what has ended stays ended");
    }

    #[test]
    fn the_one_that_was_idle_longest_makes_room() {
        let (sessions, start) = (sessions(2), Instant::now());
        let first = sessions.begin(bob(), 1, start);
        let second = sessions.begin(bob(), 1, start + MINUTE);
        sessions.find(&first, start + 2 * MINUTE).unwrap().note_use(start + 2 * MINUTE);
        let third = sessions.begin(bob(), 1, start + 3 * MINUTE);
        let now = start + 4 * MINUTE;
        assert!(sessions.find(&second, now).is_none());
        assert!(sessions.find(&first, now).is_some() && sessions.find(&third, now).is_some());
    }

    #[test]
    fn whoever_signs_in_often_ends_their_own_sessions_and_not_those_of_others() {
        let (sessions, start) = (sessions(20), Instant::now());
        let user = |name: &str| AccessName::parse(name).unwrap();
        let admin = sessions.begin(user("admin"), 1, start);
        for nth in 1..=25 {
            sessions.begin(user("vera"), 1, start + nth * MINUTE / 10);
        }
        let now = start + 3 * MINUTE;
        assert!(sessions.find(&admin, now).is_some(), "it is the one that was idle longest, and is kept");
        let others: Vec<_> = (0..9).map(|_| sessions.begin(bob(), 1, now)).collect();
        assert!(others.iter().all(|token| sessions.find(token, now).is_some()), "there is room for who has fewer");
        let of = |name: &str| sessions.list(now, |live| live.user == user(name)).len();
        assert_eq!((of("admin"), of("vera"), of("bob")), (1, 10, 9));
        sessions.begin(bob(), 1, now);
        assert_eq!((of("admin"), of("vera"), of("bob")), (1, 10, 9), "of two with as many, who signs in gives way");
        assert!(sessions.find(&admin, now).is_some());
    }

    #[test]
    fn a_session_is_listed_and_ended_by_number() {
        let (sessions, now) = (sessions(9), Instant::now());
        let (first, second) = (sessions.begin(bob(), 1, now), sessions.begin(bob(), 1, now));
        let ids: Vec<_> = sessions.list(now, |_| true).iter().map(|row| row.id.0).collect();
        assert_eq!(ids, [2, 1]);
        assert!(sessions.revoke(SessionId(1)) && !sessions.revoke(SessionId(1)));
        assert!(sessions.find(&first, now).is_none() && sessions.find(&second, now).is_some());
    }

    #[test]
    fn the_proof_of_a_form_belongs_to_one_token_and_one_process() {
        let (one, other) = (Token::new(), Token::new());
        assert_eq!(one.csrf(&[1; 32]), Token::parse(&one.secret_text()).unwrap().csrf(&[1; 32]));
        assert_ne!(one.csrf(&[1; 32]), other.csrf(&[1; 32]));
        assert_ne!(one.csrf(&[1; 32]), one.csrf(&[2; 32]));
        assert!(Token::parse("").is_none() && Token::parse(&"g".repeat(64)).is_none());
        assert_eq!(format!("{one:?}"), "Token(..)");
    }
}

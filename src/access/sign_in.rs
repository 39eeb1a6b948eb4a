//! Signing in: what it takes, and what keeps guessing slow without keeping anybody out.
//!
//! An address that gives wrong passwords is *refused* for a while. A user whose password is guessed at, from however
//! many addresses, is only *delayed*, by at most [`DELAY_MAX`]: otherwise anybody could keep them out. A name that
//! nobody has is delayed just so, that time does not tell which names there are.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderValue};
use hashbrown::HashMap;
use parking_lot::Mutex;

use super::buckets::{Buckets, Source};
use super::shares::{Holder, Shares};
use super::{AccessGuard, Refusal, cookie};
use crate::domain::access::{AccessName, PasswordHash};
use crate::secret;

/// Wrong passwords that an address may give at once.
const TRIES: u32 = 5;
/// After this it may give another one.
const TRY_EVERY: Duration = Duration::from_secs(12);
/// How often an attempt asks whether those before it from its address have come to an end.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// Attempts under way, of all addresses; each has a share of them.
const ATTEMPTS_MAX: usize = 256;
/// In so many places wrong passwords are counted. Names that share one, by chance, are delayed together.
const PLACES: u64 = 4_096;
/// Wrong passwords for a name before the next attempt is delayed.
const FREE_FAILURES: u32 = 3;
const DELAY: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(2);
/// How long wrong passwords for a name count.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// No such user, another password, or a disabled user: which one is not told.
    #[error("Name or password is wrong.")]
    Wrong,
    /// Too many attempts.
    #[error(transparent)]
    Refused(Refusal),
}

pub(super) struct Attempts {
    addresses: Buckets<Source>,
    /// By the place of a name: how many there were, and the last one.
    failures: Mutex<HashMap<u64, (u32, Instant)>>,
    hasher: RandomState,
    under_way: Shares,
    /// How many passwords of an address are being looked at: each has taken one of its tries, and gives it back if
    /// right.
    looked_at: Mutex<HashMap<Source, u32>>,
}

/// A password that is being looked at, of one address.
struct Look<'a>(&'a Attempts, Source);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let mut looked_at = self.0.looked_at.lock();
        if let Some(count) = looked_at.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                looked_at.remove(&self.1);
            }
        }
    }
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            addresses: Buckets::new(TRIES, TRY_EVERY),
            failures: Mutex::default(),
            hasher: RandomState::new(),
            under_way: Shares::new(ATTEMPTS_MAX),
            looked_at: Mutex::default(),
        }
    }

    /// Takes one of the tries of `source`. While passwords of the same address are looked at, which may be right, it
    /// waits for them: several people may stand behind one address. Otherwise it says when there will be a try.
    async fn look(&self, source: Source) -> Result<Look<'_>, Duration> {
        loop {
            {
                let mut looked_at = self.looked_at.lock();
                match self.addresses.take(source, Instant::now()) {
                    Ok(()) => {
                        *looked_at.entry(source).or_default() += 1;
                        return Ok(Look(self, source));
                    }
                    Err(wait) if !looked_at.contains_key(&source) => return Err(wait),
                    Err(_) => {}
                }
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    fn place(&self, name: &AccessName) -> u64 {
        self.hasher.hash_one(name) % PLACES
    }

    fn delay(&self, name: &AccessName, now: Instant) -> Duration {
        let failures =
            self.failures.lock().get(&self.place(name)).map_or(0, |(count, last)| {
                if now.saturating_duration_since(*last) < FORGOTTEN_AFTER { *count } else { 0 }
            });
        match failures.checked_sub(FREE_FAILURES) {
            None | Some(0) => Duration::ZERO,
            Some(more) => (DELAY * 2_u32.pow(more.min(10))).min(DELAY_MAX),
        }
    }

    fn note_failure(&self, name: &AccessName, now: Instant) {
        let mut failures = self.failures.lock();
        failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < FORGOTTEN_AFTER);
        let (count, last) = failures.entry(self.place(name)).or_insert((0, now));
        *count = count.saturating_add(1);
        *last = now;
    }
}

impl AccessGuard {
    /// Signs a user in who sends `headers` from `address`: answers with the cookie to set. The session of the request,
    /// if there is one, ends; the new one has a token of its own.
    ///
    /// # Errors
    /// When name or password is wrong, and when there were too many attempts.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, SignInError> {
        let (attempts, source) = (&self.attempts(), Source::of(address));
        let refused = |wait| SignInError::Refused(Refusal::TooMany(wait));
        let under_way = attempts.under_way.take(&Holder::at(address), 1);
        let _under_way = under_way.ok_or_else(|| refused(Duration::from_secs(1)))?;
        // Taken before the password is looked at, so that attempts at once count as well.
        let _look = attempts.look(source).await.map_err(refused)?;
        let view = self.engine().ok_or(SignInError::Refused(Refusal::Starting))?.view();
        let access = view.access();
        let name = AccessName::parse(name).ok();
        let user = name.as_ref().and_then(|name| access.user(name).cloned());
        if let Some(name) = &name {
            tokio::time::sleep(attempts.delay(name, Instant::now())).await;
        }
        let hash = user.as_ref().map(|user| user.password.clone());
        let is_right = verify(hash, password.to_owned()).await;
        // Of a name that nobody has the log says nothing: it may be a password in the wrong field.
        let Some(user) = user else {
            if let Some(name) = &name {
                attempts.note_failure(name, Instant::now());
            }
            tracing::warn!(?address, "sign-in refused: no such user");
            return Err(SignInError::Wrong);
        };
        // What changed while the password was looked at counts.
        let is_unchanged = view.access().user(&user.name).is_some_and(|now| now.epoch == user.epoch);
        if !is_right || user.disabled || !is_unchanged {
            attempts.note_failure(&user.name, Instant::now());
            tracing::warn!(user = %user.name, ?address, "sign-in refused");
            return Err(SignInError::Wrong);
        }
        attempts.addresses.give_back(source);
        attempts.failures.lock().remove(&attempts.place(&user.name));
        if let Some(old) = cookie::token(headers) {
            self.sessions().end(&old);
        }
        let token = self.sessions().begin(user.name.clone(), user.epoch, Instant::now());
        tracing::info!(user = %user.name, ?address, "signed in");
        Ok(cookie::set(&token, headers, self.is_secure()))
    }

    /// Ends the session of `headers`: answers with the cookie that makes the browser forget it.
    pub fn sign_out(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(token) = cookie::token(headers) {
            self.sessions().end(&token);
        }
        cookie::clear(headers, self.is_secure())
    }
}

/// Whether `password` is the one that `hash` was made of. Takes as long where there is none.
async fn verify(hash: Option<PasswordHash>, password: String) -> bool {
    let work = move || {
        if let Some(hash) = hash {
            return secret::verify_password(&password, &hash);
        }
        secret::verify_nobody(&password);
        false
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_delayed_and_never_refused() {
        let (attempts, now) = (Attempts::new(), Instant::now());
        let bob = AccessName::parse("bob").unwrap();
        for _ in 0..3 {
            attempts.note_failure(&bob, now);
        }
        assert_eq!(attempts.delay(&bob, now), Duration::ZERO);
        attempts.note_failure(&bob, now);
        assert_eq!(attempts.delay(&bob, now), Duration::from_millis(200));
        for _ in 0..1_000 {
            attempts.note_failure(&bob, now);
        }
        assert_eq!(attempts.delay(&bob, now), DELAY_MAX);
        assert_eq!(attempts.delay(&bob, now + FORGOTTEN_AFTER), Duration::ZERO);
    }
}

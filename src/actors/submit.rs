//! How what an actor decided becomes an entry on its way, and its idempotency key with it.

use std::sync::Arc;

use super::messages::Caller;
use crate::domain::entry::{Answer, Entry, Events, KeyRecord};
use crate::domain::time::Timestamp;
use crate::journal::{Journal, Refused};

impl Caller {
    /// Submits `events`, decided at `at` for this caller, whose `answer` is kept under its idempotency key. Does not
    /// wait until they are durable.
    ///
    /// Where the journal refuses them, the key is free again before anybody can know. An answer that is not kept
    /// settles no key: the claim ends here.
    pub(super) fn submit(
        self,
        journal: &dyn Journal,
        at: Timestamp,
        events: Events,
        answer: Option<Answer>,
    ) -> Result<Arc<Entry>, Refused> {
        let Self { who, claim } = self;
        let claim = claim.zip(answer).map(|(claim, answer)| {
            let record = KeyRecord { key: claim.key().into(), request: claim.request(), answer };
            (claim, Box::new(record))
        });
        let (claim, key) = claim.unzip();
        let entry = Arc::new(Entry { at, who, key, events });
        journal.submit(entry.clone())?;
        if let Some(claim) = claim {
            claim.submitted();
        }
        Ok(entry)
    }
}

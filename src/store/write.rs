//! Writing a checkpoint.

use super::checkpoint::{Checkpoint, Head, Written};
use super::error::StoreError;
use super::ledger::{Appended, check_movements};
use super::record::Changes;
use super::records::{HeadKind, api_key, balance, category, head, ledger, product, unfinished, user};
use super::schema::Table;
use super::{Store, Writer};

impl Store {
    /// Writes `checkpoint`. When it returns, the checkpoint is what the next start finds; when it fails, that is still
    /// the last one, or (when only the last flush failed) either of the two. Waits for the disk.
    ///
    /// # Errors
    /// What is wrong with the checkpoint itself ([`StoreError::CheckpointOlder`], [`StoreError::MovementMisplaced`],
    /// [`StoreError::OrderMisplaced`]), or with the disk. The changes of a checkpoint that failed have to be part of
    /// the next one.
    pub fn write_checkpoint(&self, mut checkpoint: Checkpoint<'_>) -> Result<Written, StoreError> {
        let mut writer = self.writer.lock();
        if self.records.renew()? {
            self.start_over(&mut writer)?;
        }
        let found = writer.held.as_ref().map_or(0, |held| held.sequence);
        if found < writer.written {
            return Err(StoreError::files("a checkpoint that was written is gone"));
        }
        let after = writer.held.as_ref().map_or(0, |held| held.sequence);
        let through = checkpoint.head.sequence;
        if through < after {
            return Err(StoreError::CheckpointOlder { asked: through, held: after });
        }
        check_movements(&checkpoint.movements, through)?;
        if writer.unfinished {
            self.cut_movements(after)?;
        }
        writer.unfinished = true;
        self.begin(through)?;

        self.put_revisions(&checkpoint.revisions)?;
        let packs = checkpoint.packs.take().map(|packs| self.put_packs_locked(packs)).transpose()?.unwrap_or(0);
        let appended = self.append_movements(&checkpoint.movements, after)?;
        self.put_keys(&checkpoint.keys)?;
        self.put_audit(&checkpoint.audit)?;
        self.records.flush()?;

        let exact = exact_records(&checkpoint, &appended);
        self.write_exact(&mut writer, checkpoint.head, exact)?;
        self.records.flush()?;
        writer.unfinished = false;
        writer.written = through;

        // What the new head no longer refers to. Left behind by a kill, it does no harm.
        for (product, _) in checkpoint.products.iter().filter(|(_, head)| head.is_none()) {
            self.delete_revisions(*product)?;
        }
        let keys_expired = checkpoint.keys_expire_before.map(|end| self.expire_keys(end)).transpose()?.unwrap_or(0);
        let movements = checkpoint.movements.iter().map(|(_, rows)| rows.len() as u64).sum();
        Ok(Written { packs, movements, keys_expired })
    }

    /// Goes on with what an engine holds that was opened anew. What a disk that refuses makes of its files nobody knows
    /// for sure: the next start makes the store anew.
    fn start_over(&self, writer: &mut Writer) -> Result<(), StoreError> {
        self.mark_for_rebuild("the disk had refused to write to it")?;
        *writer = Writer { written: writer.written, ..self.resume()? };
        Ok(())
    }

    /// Marks what follows as part of a checkpoint that is not there yet.
    fn begin(&self, sequence: u64) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        changes.put(unfinished::ser_key(), unfinished::ser_value(sequence));
        self.records.apply(Table::Head, changes)
    }

    /// Replaces the head and everything that is exact at its sequence, in one batch.
    fn write_exact(&self, writer: &mut Writer, new: Head, exact: Changes) -> Result<(), StoreError> {
        let mut new = new;
        new.counts = writer.held.as_ref().map(|held| held.counts).unwrap_or_default();
        let mut digest = writer.digest;
        let mut changes = Changes::default();
        for (key, value) in exact.into_map() {
            let before = self.records.get(Table::Head, &key)?;
            count(&mut new, &key, before.is_some(), value.is_some());
            digest = before.as_deref().map_or(digest, |before| digest.without(&key, before));
            match value {
                Some(value) => {
                    digest = digest.with(&key, &value);
                    changes.put(key, value);
                }
                None => changes.delete(key),
            }
        }
        changes.put(head::ser_key(), head::ser_value(&new, digest));
        changes.delete(unfinished::ser_key());
        self.records.apply(Table::Head, changes)?;
        *writer = Writer { held: Some(new), digest, ..*writer };
        Ok(())
    }
}

/// The records that are exact at the head's sequence, as far as they changed.
fn exact_records(checkpoint: &Checkpoint<'_>, appended: &[Appended]) -> Changes {
    let mut changes = Changes::default();
    for (id, value) in &checkpoint.categories {
        changes.set(category::ser_key(*id), value.as_ref().map(category::ser_value));
    }
    for (id, value) in &checkpoint.products {
        changes.set(product::ser_key(*id), value.map(product::ser_value));
    }
    for (id, value) in &checkpoint.balances {
        changes.set(balance::ser_key(*id), value.map(balance::ser_value));
    }
    for user in &checkpoint.users {
        changes.put(user::ser_key(&user.name), user::ser_value(user));
    }
    for key in &checkpoint.api_keys {
        changes.put(api_key::ser_key(key.id), api_key::ser_value(key));
    }
    for (id, ledger) in appended {
        changes.put(ledger::ser_key(*id), ledger::ser_value(*ledger));
    }
    changes
}

fn count(head: &mut Head, key: &[u8], was: bool, is: bool) {
    let kind = key.first().copied();
    let count = match kind {
        Some(kind) if kind == HeadKind::Category as u8 => &mut head.counts.categories,
        Some(kind) if kind == HeadKind::Product as u8 => &mut head.counts.products,
        Some(_) | None => return,
    };
    *count = count.saturating_add(u64::from(is)).saturating_sub(u64::from(was));
}

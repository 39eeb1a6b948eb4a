//! `check`: reads the whole journal again, and compares what it means with what the checkpoint and the ledger say.
//!
//! Nothing is written: the store, which cannot be opened without being written to, is looked at in a copy.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::{Backup, BackupError};
use crate::domain::access::Access;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::order::Status;
use crate::journal::{DataDirectory, DirectoryError, ReadError, Reader, Tail};
use crate::store::{self, Loaded, Store};
use crate::telemetry::Progress;
use crate::view::{NoArchive, View};

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// The last entry.
    pub sequence: u64,
    /// The running hash over all entries.
    pub chain: [u8; 16],
    /// How many bytes of an unfinished, never acknowledged write follow it.
    pub torn_bytes: u64,
    /// How many categories and products there are.
    pub catalogue: (u64, u64),
    /// How many orders there are in each status.
    pub orders: [u64; 5],
    /// The last entry that the checkpoint contains; none without a checkpoint.
    pub checkpoint: Option<u64>,
    /// What does not agree, the first ones.
    pub findings: Vec<Finding>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

/// How many findings a report holds at most.
const FINDINGS_MAX: usize = 20;

/// Why a check could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The data directory is in use, of a newer version, or none of ours.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The journal is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The backup is damaged, or cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store could not be copied to be looked at.
    #[error("the store could not be copied to {}: {error}", path.display())]
    Copy {
        /// Where to.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the data directory `path`, of which no other process may be serving.
///
/// # Errors
/// When the journal is damaged: the error names the first bad place.
pub fn check(path: &Path) -> Result<Report, CheckError> {
    let directory = DataDirectory::open_existing(path)?;
    let mut findings = Findings::default();
    let copy = StoreCopy::of(&directory.store())?;
    let opened = copy.open(&mut findings);
    Ok(compare(Reader::open(&directory.journal(), None)?, opened.as_ref(), findings)?)
}

/// Checks the backup `path`: each of its files, and then its journal as that of a data directory.
///
/// # Errors
/// When it is damaged: the error names the first bad file.
pub fn check_backup(path: &Path) -> Result<Report, CheckError> {
    let backup = Backup::open(path)?;
    backup.verify()?;
    Ok(compare(backup.reader()?, None, Findings::default())?)
}

/// Reads everything, and compares what it means with what was `opened`, if anything.
fn compare(mut reader: Reader, opened: Option<&(Store, Loaded)>, mut findings: Findings) -> Result<Report, ReadError> {
    let progress = Progress::start("checking the journal", reader.progress().bytes_total);
    let view = View::new(Arc::new(NoArchive), usize::MAX);
    let head = opened.map_or(0, |(_, loaded)| loaded.head.sequence);
    let mut at_head = None;
    while let Some(durable) = reader.next(&view)? {
        view.apply(std::slice::from_ref(&durable));
        // Rows of the ledger are the fold itself; there is nothing else to compare them with.
        drop(view.take_changes());
        view.changes_written();
        if view.applied().is_multiple_of(4096) {
            progress.set(reader.progress().bytes_read);
        }
        if let Some((store, loaded)) = opened
            && durable.sequence == head
        {
            at_head = Some(compare_head(&view, store, loaded, &mut findings));
        }
    }
    let tail = reader.into_tail()?;
    if let Some((store, _)) = opened {
        match at_head {
            Some(newer) => compare_newer(&view, store, newer, &mut findings),
            None if head > 0 => findings
                .add(format!("the checkpoint contains entry {head}, but the journal ends at entry {}", view.applied())),
            None => {}
        }
    }
    compare_ledger(&view, &mut findings);
    let torn_bytes = match tail {
        Tail::Clean(_) => 0,
        Tail::Torn { dropped_bytes, .. } => dropped_bytes,
    };
    let catalogue = view.products().inventory().catalogue.counts();
    Ok(Report {
        sequence: view.applied(),
        chain: view.chain(),
        torn_bytes,
        catalogue,
        orders: view.counts(),
        checkpoint: opened.map(|_| head),
        findings: findings.0,
    })
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, text: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding(text));
        }
    }
}

/// A copy of the store that is deleted when it was looked at.
struct StoreCopy(Option<PathBuf>);

impl StoreCopy {
    fn of(store: &Path) -> Result<Self, CheckError> {
        if !store.exists() {
            return Ok(Self(None));
        }
        let path = std::env::temp_dir().join(format!("packhorse-check-{}", std::process::id()));
        copy_directory(store, &path).map_err(|error| CheckError::Copy { path: path.clone(), error })?;
        Ok(Self(Some(path)))
    }

    fn open(&self, findings: &mut Findings) -> Option<(Store, Loaded)> {
        match store::look_at(self.0.as_ref()?, store::Options::default()) {
            Ok((store, loaded)) => loaded.map(|loaded| (store, loaded)),
            Err(error) if error.is_damage() => {
                findings.add(format!("the store is unusable ({error}); a start makes it anew"));
                None
            }
            Err(error) => {
                findings.add(error.to_string());
                None
            }
        }
    }
}

impl Drop for StoreCopy {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_dir_all(path)
        {
            tracing::warn!(path = %path.display(), %error, "the copy of the store could not be deleted");
        }
    }
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Compares at the checkpoint's sequence what is exact there, and answers with the orders that the store holds at a
/// newer version.
fn compare_head(view: &View, store: &Store, loaded: &Loaded, findings: &mut Findings) -> Vec<OrderId> {
    let inventory = view.products().inventory();
    if loaded.head.chain != view.chain() {
        findings.add(format!("the running hash at entry {} is not the checkpoint's", loaded.head.sequence));
    }
    if loaded.head.order_last != inventory.order_last {
        findings.add(format!(
            "the checkpoint gave out order ids up to {}, the journal up to {}",
            loaded.head.order_last, inventory.order_last
        ));
    }
    let balances: BTreeMap<_, _> = loaded.balances.iter().copied().collect();
    for (head, revision) in &loaded.products {
        let id = revision.product;
        let current = inventory.catalogue.product(id);
        if current.map(|current| current.number) != Some(head.number) || current.is_some_and(|c| **c != **revision) {
            findings.add(format!("product {id} in the checkpoint is not the journal's"));
        }
        let (theirs, ours) = (balances.get(&id).copied().unwrap_or_default(), inventory.stock.balance(id));
        if theirs != ours {
            findings.add(format!("product {id}: the checkpoint says {theirs:?}, the journal {ours:?}"));
        }
    }
    if (loaded.categories.len() as u64, loaded.products.len() as u64) != inventory.catalogue.counts() {
        findings.add("the checkpoint's catalogue has not as many rows as the journal's".to_owned());
    }
    if Access::restore(loaded.users.clone(), loaded.api_keys.clone()) != *view.access() {
        findings.add("the users and keys of the checkpoint are not the journal's".to_owned());
    }
    compare_orders(view, store, inventory.order_last, findings)
}

fn compare_orders(view: &View, store: &Store, last: u64, findings: &mut Findings) -> Vec<OrderId> {
    let mut newer = Vec::new();
    for pack in 0..=last / store::PACK_ORDERS {
        let theirs = match store.pack(pack) {
            Ok(orders) => orders,
            Err(error) => {
                findings.add(error.to_string());
                continue;
            }
        };
        for ours in view.pack(pack) {
            match theirs.iter().find(|order| order.id == ours.id) {
                None => findings.add(format!("order {} is missing from the store", ours.id)),
                Some(theirs) if theirs.version > ours.version => newer.push(ours.id),
                Some(theirs) if *theirs == *ours => {}
                Some(_) => findings.add(format!("order {} in the store is not the journal's", ours.id)),
            }
        }
    }
    newer
}

/// Compares orders that the store holds at a version which the journal reaches after the checkpoint.
fn compare_newer(view: &View, store: &Store, newer: Vec<OrderId>, findings: &mut Findings) {
    for id in newer {
        let (Ok(Some(ours)), Ok(Some(theirs))) = (view.order(id), store.order(id)) else {
            findings.add(format!("order {id} cannot be compared"));
            continue;
        };
        let ahead = theirs.version > ours.version;
        if ahead || (theirs.version == ours.version && theirs != *ours) {
            findings.add(format!("order {id} in the store is not the journal's"));
        }
    }
}

/// The stock that is reserved is what open, unshipped orders hold.
fn compare_ledger(view: &View, findings: &mut Findings) {
    let mut held: BTreeMap<ProductId, u64> = BTreeMap::new();
    for order in view.open_orders().iter().filter(|order| order.status != Status::Shipped) {
        for line in &order.lines {
            *held.entry(line.product.product).or_default() += u64::from(line.quantity);
        }
    }
    let inventory = view.products().inventory();
    for revision in inventory.catalogue.products_from(ProductId(1)) {
        let (reserved, held) = (inventory.stock.balance(revision.product).reserved, held.remove(&revision.product));
        if u64::from(reserved) != held.unwrap_or_default() {
            findings.add(format!(
                "product {}: {reserved} reserved, but open orders hold {}",
                revision.product,
                held.unwrap_or_default()
            ));
        }
    }
    for (product, held) in held {
        findings.add(format!("open orders hold {held} of product {product}, which does not exist"));
    }
}

//! Power cuts: a file system on a loop device, ext4 and xfs, is shut down under load without flushing its log, mounted
//! again, and the server started on what is there, by turns without a segment, the witness or the store.

use std::thread;
use std::time::Duration;

use super::cache::another_boot;
use super::cases::{Cases, Prng, skipped};
use super::kills::{RESTLESS, assert_sound, compare, offer_load};
use super::lost::{KINDS, Lost, compare_without};
use super::mount::{Kind, Mount};
use super::witness::{PIECES, Witness};
use crate::support::process::Process;

const TEST: &str = "nothing_acknowledged_is_lost_by_a_power_cut";
/// Less is too little for xfs.
const DISK: u64 = 400 << 20;
/// How many cuts one file system sees.
const LIFE: u64 = 5;

#[test]
fn nothing_acknowledged_is_lost_by_a_power_cut() {
    let cases = Cases { test: TEST, variable: "CRASH_POWER_CUTS", default: 2 * LIFE, each: LIFE };
    for kind in [Kind::Ext4, Kind::Xfs] {
        if let Err(why) = Mount::new(kind, DISK) {
            skipped(TEST, &format!("{kind:?} on a loop device takes root, loop devices and its tools ({why})"));
            return;
        }
    }
    let cuts = cases.count();
    cases
        .run(|prng, life| live(prng, LIFE.min(cuts - life * LIFE), if life % 2 == 0 { Kind::Ext4 } else { Kind::Xfs }));
}

fn live(prng: &mut Prng, cuts: u64, kind: Kind) {
    let mut mount = Mount::new(kind, DISK).unwrap();
    let directory = mount.path().join("data");
    let witness = Witness::default();
    // Each kind comes within a life.
    let first = prng.index(KINDS.len());
    for cut in 0..cuts {
        let server = Process::start(&directory, RESTLESS);
        if cut == 0 {
            server.stock_up(PIECES);
        }
        let busy = Duration::from_micros(prng.below(900_000));
        offer_load(&witness, &server, || {
            thread::sleep(busy);
            mount.cut_power();
            server.process.signal("-KILL");
        });
        drop(server);
        mount.power_on();
        another_boot(&directory);
        let kind = KINDS[(first + usize::try_from(cut).unwrap()) % KINDS.len()];
        match Lost::take(kind, prng, &directory) {
            Some(lost) => compare_without(lost, &witness, prng, &directory),
            None => compare(&witness, prng, &directory),
        }
        assert_sound(&directory);
    }
}

//! Keys: how many there may be, whose they are, and when they are forgotten.

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
        let claims = (0..number).map_while(|nth| match keys.claim(&format!("{who}-{nth}"), [1; 16], &key_of(&who)) {
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
        let entry = KeyEntry { key: KeyHash::of(&key), request: [1; 16], sequence: 1, position, at, since: at, owner };
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

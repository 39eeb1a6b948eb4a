//! The rules of users and keys, one by one.

use super::*;

const HOUR: i64 = 3_600_000_000;

fn name(text: &str) -> AccessName {
    AccessName::parse(text).unwrap()
}

fn hash(n: u8) -> PasswordHash {
    PasswordHash::parse(&format!("$argon2id$v=19$test${n}")).unwrap()
}

fn add_user(user: &str, role: Role) -> AccessCommand {
    AccessCommand::AddUser { name: name(user), role, password: hash(1) }
}

fn add_key(key: &str, digest: u8, expires_at: Option<i64>) -> AccessCommand {
    let expires_at = expires_at.map(Timestamp);
    AccessCommand::AddKey {
        name: name(key),
        role: Role::Viewer,
        scope: Scope::Orders,
        digest: KeyDigest([digest; 32]),
        expires_at,
    }
}

/// Users and keys with an admin, so that others may follow.
fn with_an_admin() -> Access {
    let mut access = Access::default();
    run(&mut access, add_user("root", Role::Admin), 0).unwrap();
    access
}

/// Decides at `at` and applies. Answers whether anything happened.
fn run(access: &mut Access, command: AccessCommand, at: i64) -> Result<bool, AccessRejection> {
    let event = access.decide(command, Timestamp(at))?;
    Ok(event.map(|event| access.apply(&event, Timestamp(at))).is_some())
}

#[test]
fn names_are_lowered_and_checked() {
    assert_eq!(name("Bob.Smith+1@Example-x_y").as_str(), "bob.smith+1@example-x_y");
    assert!(AccessName::parse(&"a".repeat(64)).is_ok());
    for bad in ["", " bob", "bob ", "b b", "b/b", "bö", "a\n", "a:b", &"a".repeat(65)] {
        assert_eq!(AccessName::parse(bad), Err(AccessNameError), "{bad}");
    }
    for dots in [".", "..", "..."] {
        assert_eq!(AccessName::parse_new(dots), Err(AccessNameError), "{dots}");
        assert!(AccessName::parse(dots).is_ok(), "one that is in an old journal is read");
    }
    assert!(AccessName::parse_new(".a").is_ok());
}

#[test]
fn words_of_roles_and_scopes_come_back() {
    assert!(Role::ALL.iter().all(|role| Role::parse(role.as_str()) == Some(*role)) && Role::ALL.is_sorted());
    assert!(Scope::ALL.iter().all(|scope| Scope::parse(scope.as_str()) == Some(*scope)));
    assert!(Role::parse("Admin").is_none() && Scope::parse("").is_none());
}

#[test]
fn it_is_open_until_a_user_or_key_was_made() {
    let mut access = Access::default();
    assert!(access.is_open());
    run(&mut access, root_key(Role::Admin, Scope::All, None), 1).unwrap();
    assert!(!access.is_open());
    run(&mut access, AccessCommand::RevokeKey(KeyId(1)), 2).unwrap();
    assert!(!access.is_open(), "what was closed does not open again");
}

fn root_key(role: Role, scope: Scope, expires_at: Option<i64>) -> AccessCommand {
    let expires_at = expires_at.map(Timestamp);
    AccessCommand::AddKey { name: name("root"), role, scope, digest: KeyDigest([9; 32]), expires_at }
}

#[test]
fn the_first_user_or_key_can_manage_all_others_for_good() {
    let mut access = Access::default();
    let cannot = [
        add_user("ann", Role::Operator),
        add_user("ann", Role::Viewer),
        root_key(Role::Operator, Scope::All, None),
        root_key(Role::Admin, Scope::Orders, None),
        root_key(Role::Admin, Scope::All, Some(9)),
    ];
    for command in cannot {
        assert_eq!(run(&mut access, command.clone(), 1), Err(AccessRejection::AdminFirst), "{command:?}");
    }
    for first in [add_user("ann", Role::Admin), root_key(Role::Admin, Scope::All, None)] {
        let mut access = access.clone();
        run(&mut access, first, 1).unwrap();
        assert_eq!(run(&mut access, add_user("bob", Role::Viewer), 2), Ok(true));
        assert_eq!(run(&mut access, add_key("shop", 1, Some(9)), 2), Ok(true));
    }
}

#[test]
fn the_last_admin_stays() {
    let mut access = Access::default();
    run(&mut access, add_user("ann", Role::Admin), 1).unwrap();
    run(&mut access, add_user("bob", Role::Operator), 1).unwrap();
    let last = Err(AccessRejection::LastAdmin(name("ann")));
    let demote = AccessCommand::SetRole { name: name("ann"), role: Role::Viewer };
    assert_eq!(run(&mut access, demote.clone(), 2), last);
    assert_eq!(run(&mut access, AccessCommand::DisableUser(name("ann")), 2), last);
    run(&mut access, AccessCommand::SetRole { name: name("bob"), role: Role::Admin }, 3).unwrap();
    run(&mut access, AccessCommand::DisableUser(name("bob")), 4).unwrap();
    assert_eq!(run(&mut access, demote.clone(), 5), last, "one who is disabled does not count");
    run(&mut access, AccessCommand::EnableUser(name("bob")), 6).unwrap();
    assert_eq!(run(&mut access, demote, 7), Ok(true));
}

#[test]
fn each_change_of_a_user_ends_their_sessions_and_a_repetition_does_not() {
    let mut access = with_an_admin();
    let bob = name("bob");
    run(&mut access, add_user("bob", Role::Viewer), 1).unwrap();
    let commands = [
        AccessCommand::SetPassword { name: bob.clone(), password: hash(2) },
        AccessCommand::SetRole { name: bob.clone(), role: Role::Operator },
        AccessCommand::DisableUser(bob.clone()),
        AccessCommand::EnableUser(bob.clone()),
    ];
    for (epoch, command) in (2..).zip(commands) {
        assert_eq!(run(&mut access, command.clone(), i64::from(epoch)), Ok(true));
        let user = access.user(&bob).unwrap();
        assert_eq!((user.epoch, user.changed_at), (epoch, Timestamp(i64::from(epoch))), "{command:?}");
    }
    assert_eq!(run(&mut access, AccessCommand::EnableUser(bob.clone()), 9), Ok(false));
    assert_eq!(run(&mut access, AccessCommand::SetRole { name: bob.clone(), role: Role::Operator }, 9), Ok(false));
    let user = access.user(&bob).unwrap();
    assert_eq!((user.epoch, user.created_at, user.password.clone()), (5, Timestamp(1), hash(2)));
}

#[test]
fn a_name_is_taken_by_a_user_for_good_and_by_a_key_while_it_is_in_force() {
    let mut access = Access::default();
    run(&mut access, add_user("bob", Role::Admin), 1).unwrap();
    assert_eq!(run(&mut access, add_user("BOB", Role::Viewer), 2), Err(AccessRejection::NameTaken(name("bob"))));
    run(&mut access, add_key("shop", 1, Some(10)), 2).unwrap();
    let taken = Err(AccessRejection::KeyNameTaken(name("shop")));
    assert_eq!(run(&mut access, add_key("shop", 2, None), 9), taken);
    assert_eq!(run(&mut access, add_key("shop", 2, None), 10), Ok(true), "the first one has expired");
    assert_eq!(run(&mut access, add_key("shop", 3, None), 11), taken);
    run(&mut access, AccessCommand::RevokeKey(KeyId(2)), 12).unwrap();
    assert_eq!(run(&mut access, add_key("shop", 2, None), 13), Err(AccessRejection::DigestTaken));
    assert_eq!(run(&mut access, add_key("shop", 3, None), 13), Ok(true));
    assert_eq!(access.key_by_digest(&KeyDigest([3; 32])).unwrap().id, KeyId(3));
    assert_eq!(run(&mut access, add_key("late", 4, Some(13)), 13), Err(AccessRejection::ExpiryPassed(Timestamp(13))));
}

#[test]
fn the_use_of_a_key_is_noted_once_an_hour_while_it_holds() {
    let mut access = with_an_admin();
    run(&mut access, add_key("shop", 1, Some(3 * HOUR)), 0).unwrap();
    let used = AccessCommand::KeyUsed(KeyId(1));
    assert_eq!(run(&mut access, used.clone(), 5), Ok(true));
    assert_eq!(run(&mut access, used.clone(), HOUR + 4), Ok(false));
    assert_eq!(run(&mut access, used.clone(), HOUR + 5), Ok(true));
    assert_eq!(access.key(KeyId(1)).unwrap().used_at, Some(Timestamp(HOUR + 5)));
    assert_eq!(run(&mut access, used.clone(), 3 * HOUR), Ok(false), "it has expired");
    assert_eq!(run(&mut access, AccessCommand::RevokeKey(KeyId(1)), HOUR), Ok(true));
    assert_eq!(run(&mut access, AccessCommand::RevokeKey(KeyId(1)), HOUR), Ok(false));
    assert_eq!(run(&mut access, used, 2 * HOUR + 30), Ok(false), "it was revoked");
}

#[test]
fn whom_nobody_knows_cannot_be_changed() {
    let mut access = Access::default();
    let missing = Err(AccessRejection::UserMissing(name("bob")));
    assert_eq!(run(&mut access, AccessCommand::SetPassword { name: name("bob"), password: hash(1) }, 1), missing);
    assert_eq!(run(&mut access, AccessCommand::DisableUser(name("bob")), 1), missing);
    assert_eq!(run(&mut access, AccessCommand::RevokeKey(KeyId(7)), 1), Err(AccessRejection::KeyMissing(KeyId(7))));
    assert_eq!(run(&mut access, AccessCommand::KeyUsed(KeyId(7)), 1), Err(AccessRejection::KeyMissing(KeyId(7))));
}

#[test]
fn users_and_keys_are_bounded() {
    let mut access = with_an_admin();
    for n in 1..USERS_MAX {
        run(&mut access, add_user(&format!("u{n}"), Role::Viewer), 1).unwrap();
    }
    let one_more = run(&mut access, add_user("one-more", Role::Viewer), 1);
    assert_eq!(one_more, Err(AccessRejection::TooManyUsers { max: USERS_MAX }));
    let key = |n: u64| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&n.to_be_bytes());
        ApiKey {
            id: KeyId(n),
            name: name("old"),
            role: Role::Viewer,
            scope: Scope::All,
            digest: KeyDigest(digest),
            created_at: Timestamp(0),
            expires_at: None,
            revoked_at: Some(Timestamp(1)),
            used_at: None,
        }
    };
    let mut access = Access::restore([], (1..=KEYS_MAX as u64).map(key));
    let one_more = run(&mut access, add_key("one-more", 9, None), 1);
    assert_eq!(one_more, Err(AccessRejection::TooManyKeys { max: KEYS_MAX }));
}

#[test]
fn nothing_that_a_secret_is_recognised_by_is_shown() {
    let mut access = Access::default();
    run(&mut access, add_user("bob", Role::Admin), 1).unwrap();
    run(&mut access, add_key("shop", 77, None), 1).unwrap();
    let shown = format!("{access:?} {:?}", add_key("x", 77, None));
    assert!(!shown.contains("argon2") && !shown.contains("77"), "{shown}");
}

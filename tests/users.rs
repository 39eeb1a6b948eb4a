//! Users and keys on a real data directory: they are the same after a restart from the checkpoint, without the store,
//! and with a store of the schema before, and so is the audit log.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use packhorse::Engine;
use packhorse::actors::{Failure, Request};
use packhorse::config::Settings;
use packhorse::domain::access::{
    Access, AccessCommand, AccessName, AccessRejection, KeyDigest, KeyId, PasswordHash, Role, Scope,
};
use packhorse::domain::audit::AuditRow;
use packhorse::domain::origin::Origin;
use packhorse::domain::text::Name;
use packhorse::store::{Batch, Kv, Options, SledKv, Table};

fn name(text: &str) -> AccessName {
    AccessName::parse(text).unwrap()
}

fn in_system<T>(settings: &Settings, act: impl AsyncFnOnce(&Engine) -> T) -> T {
    actix::System::new().block_on(async {
        let engine = Engine::open(settings).await.unwrap();
        let done = act(&engine).await;
        engine.close().await;
        done
    })
}

/// What a start finds: users and keys, and the audit log read row by row.
fn found(settings: &Settings) -> (Arc<Access>, Vec<Arc<AuditRow>>) {
    in_system(settings, async |engine| {
        let mut rows: Vec<Arc<AuditRow>> = Vec::new();
        while let Some(row) = engine.view().audit(rows.last().map(|row| row.id), 1).unwrap().pop() {
            rows.push(row);
        }
        (engine.view().access(), rows)
    })
}

fn set_aside(data: &Path) -> usize {
    let names = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("store") && name != "store").count()
}

/// Makes the store say that it is of schema 1.
fn age(store: &Path) {
    let kv = SledKv::open(store, Options::default()).unwrap();
    let (key, content) = ([1, 0, 0], [0, 1, 0, 0, 0, 1]);
    let crc = crc32c::crc32c(&[Table::Head as u8]);
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, &key), &content);
    let mut batch = Batch::default();
    batch.put(key.to_vec(), [&crc.to_be_bytes()[..], &content].concat());
    kv.apply(Table::Head, batch).unwrap();
    kv.flush().unwrap();
}

#[test]
fn users_keys_and_audit_log_outlive_restarts_and_the_store() {
    let place = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.general.data_dir = place.path().join("data");
    let password = PasswordHash::parse("$argon2id$v=19$test").unwrap();
    let live = in_system(&settings, async |engine| {
        let me = || Request::of(Origin::User("ann".into()));
        let admin = AccessCommand::AddUser { name: name("ann"), role: Role::Admin, password: password.clone() };
        engine.access(me(), admin.clone()).await.unwrap();
        let digest = KeyDigest([7; 32]);
        let key = AccessCommand::AddKey {
            name: name("shop"),
            role: Role::Operator,
            scope: Scope::Orders,
            digest,
            expires_at: None,
        };
        for command in [key, AccessCommand::KeyUsed(KeyId(1)), AccessCommand::RevokeKey(KeyId(1))] {
            engine.access(me(), command).await.unwrap();
        }
        engine.create_category(me(), Name::parse("Things").unwrap()).await.unwrap();
        let again = engine.access(me(), admin).await.unwrap_err();
        assert!(matches!(again, Failure::Rejected(AccessRejection::NameTaken(_))), "{again}");
        engine.view().access()
    });
    assert!(live.key(KeyId(1)).is_some_and(|key| key.revoked_at.is_some() && key.used_at.is_some()));

    let (access, rows) = found(&settings);
    assert_eq!(access, live);
    let words: Vec<_> = rows.iter().map(|row| (row.what.word(), row.who.to_string())).collect();
    let by_ann = |word| (word, "user:ann".to_owned());
    assert_eq!(words, ["category_created", "key_revoked", "key_added", "user_added"].map(by_ann));

    fs::remove_dir_all(settings.general.data_dir.join("store")).unwrap();
    assert_eq!(found(&settings), (live.clone(), rows.clone()), "made anew from the journal");

    assert_eq!(set_aside(&settings.general.data_dir), 0);
    age(&settings.general.data_dir.join("store"));
    assert_eq!(found(&settings), (live, rows), "a store of the schema before is made anew");
    assert_eq!(set_aside(&settings.general.data_dir), 1);
    assert!(packhorse::app::check(&settings.general.data_dir).unwrap().findings.is_empty());
}

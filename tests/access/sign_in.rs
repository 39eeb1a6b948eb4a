//! Signing in: guessing keeps nobody out, and a session ends when its user changes.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use packhorse::access::{AccessGuard, Options, SignInError};
use packhorse::actors::{Fulfillment, Load, Request};
use packhorse::app::SystemClock;
use packhorse::domain::access::{AccessCommand, AccessName, Role};
use packhorse::domain::origin::Origin;
use packhorse::journal::MemoryOptions;
use packhorse::secret::hash_password;

use super::{PASSWORD, memory};

fn ann() -> AccessName {
    AccessName::parse("ann").unwrap()
}

/// A guard over an engine with two admins, ann and bob.
async fn world() -> (AccessGuard, Fulfillment) {
    let engine = memory::engine(MemoryOptions::default(), Load { placements: 1, orders: 1 }, 0).await;
    for name in ["ann", "bob"] {
        let name = AccessName::parse(name).unwrap();
        let password = hash_password(PASSWORD).unwrap();
        let add = AccessCommand::AddUser { name, role: Role::Admin, password };
        engine.access(Request::of(Origin::Cli), add).await.unwrap();
    }
    let guard = AccessGuard::new(Options::default(), Some(packhorse::console::PATHS), Arc::new(SystemClock));
    guard.open(engine.clone());
    (guard, engine)
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn with_cookie(set: &HeaderValue) -> HeaderMap {
    let pair = set.to_str().unwrap().split(';').next().unwrap();
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
}

#[test]
fn guessing_from_one_address_does_not_keep_the_user_out_at_another() {
    actix::System::new().block_on(async {
        let (guard, engine) = world().await;
        let none = HeaderMap::new();
        let mut refused = 0;
        for _ in 0..20 {
            let error = guard.sign_in("ann", "wrong wrong wrong", Some(address(1)), &none).await.unwrap_err();
            refused += u32::from(matches!(error, SignInError::Refused(_)));
        }
        assert!(refused >= 10, "{refused}");
        guard.sign_in("ann", PASSWORD, Some(address(2)), &none).await.unwrap();
        assert_eq!(guard.session_rows().len(), 1);
        engine.close().await;
    });
}

#[test]
fn a_session_is_new_at_each_sign_in_and_ends_with_its_user() {
    actix::System::new().block_on(async {
        let (guard, engine) = world().await;
        let planted = HeaderMap::from_iter([(
            COOKIE,
            HeaderValue::from_str(&format!("packhorse_session={}", "a".repeat(64))).unwrap(),
        )]);
        let first = guard.sign_in("ann", PASSWORD, Some(address(1)), &planted).await.unwrap();
        assert!(!first.to_str().unwrap().contains(&"a".repeat(64)));
        let second = guard.sign_in("ann", PASSWORD, Some(address(1)), &with_cookie(&first)).await.unwrap();
        assert_ne!(first, second);
        assert_eq!(guard.session_rows().len(), 1, "the session before has ended");
        engine.access(Request::of(Origin::Cli), AccessCommand::DisableUser(ann())).await.unwrap();
        assert!(guard.session_rows().is_empty());
        let disabled = guard.sign_in("ann", PASSWORD, Some(address(1)), &HeaderMap::new()).await;
        assert_eq!(disabled.unwrap_err(), SignInError::Wrong);
        engine.close().await;
    });
}

#[test]
fn time_does_not_tell_which_names_there_are() {
    actix::System::new().block_on(async {
        let (guard, engine) = world().await;
        let none = HeaderMap::new();
        for name in ["ann", "nobody-of-this-name"] {
            let mut took = Vec::new();
            for n in 0..6 {
                let begun = std::time::Instant::now();
                let wrong = guard.sign_in(name, "wrong wrong wrong", Some(address(n)), &none).await;
                assert_eq!(wrong.unwrap_err(), SignInError::Wrong);
                took.push(begun.elapsed().as_millis());
            }
            // After three that are free the fifth waits for 200 ms, and the sixth for 400.
            assert!(took[4] >= 200 && took[5] >= 400, "{name}: {took:?}");
        }
        engine.close().await;
    });
}

#[test]
fn right_passwords_at_once_from_one_address_are_all_taken_and_wrong_ones_are_not() {
    actix::System::new().block_on(async {
        let (guard, engine) = world().await;
        let none = HeaderMap::new();
        let at_once = async |password: &str, last: u8| {
            let attempts = (0..12).map(|_| guard.sign_in("ann", password, Some(address(last)), &none));
            futures_util::future::join_all(attempts).await
        };
        let right = at_once(PASSWORD, 1).await;
        assert!(right.iter().all(Result::is_ok), "{right:?}");
        let wrong = at_once("wrong wrong wrong", 2).await;
        let looked_at = wrong.iter().filter(|wrong| **wrong == Err(SignInError::Wrong)).count();
        assert!((5..=6).contains(&looked_at), "{wrong:?}");
        assert!(guard.sign_in("ann", PASSWORD, Some(address(2)), &none).await.is_err(), "its tries are used up");
        engine.close().await;
    });
}

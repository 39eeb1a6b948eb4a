//! What a demo puts into an empty data directory: a catalogue, and a user who can sign in at the console.

use actix_web::web;

use crate::actors::Request;
use crate::domain::access::{AccessCommand, AccessName, Role};
use crate::domain::inventory::Opening;
use crate::domain::origin::Origin;
use crate::secret::{SecretText, hash_password, new_password};

pub use crate::access::DEMO_USER;

use super::engine::Engine;
use super::error::Error;

/// The user of a demo, an admin.
#[derive(Debug)]
pub enum DemoUser {
    /// Was made just now, with this password, which is kept nowhere.
    Made(SecretText),
    /// Was there already.
    Known,
    /// Is not there: the data directory was begun without a demo.
    Missing,
}

/// Fills the data directory, if it is empty. Waits until what it did is durable.
pub(super) async fn fill(engine: &Engine, openings: Vec<Opening>) -> Result<DemoUser, Error> {
    let name = AccessName::parse(DEMO_USER).expect("the name of the demo's user is one");
    if engine.view().applied() > 0 {
        tracing::info!("the data directory is not empty: the sample catalogue was left out");
        let known = engine.view().access().user(&name).is_some();
        return Ok(if known { DemoUser::Known } else { DemoUser::Missing });
    }
    engine.import(Request::of(Origin::Cli), openings).await?;
    let secret = new_password();
    let text = secret.clone();
    let password = web::block(move || hash_password(text.reveal())).await.expect("hashing does not panic");
    let password = password.expect("a password that is made here can be one");
    engine.access(Request::of(Origin::Cli), AccessCommand::AddUser { name, role: Role::Admin, password }).await?;
    Ok(DemoUser::Made(secret))
}

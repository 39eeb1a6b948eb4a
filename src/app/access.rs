//! Users and keys of a data directory that no server uses.

use std::sync::Arc;

use actix::System;

use crate::actors::Request;
use crate::config::Settings;
use crate::domain::access::{Access, AccessCommand, AccessOutcome};
use crate::domain::who::Who;

use super::engine::Engine;
use super::error::Error;

/// Carries out `command` on the data directory of `settings`, which is made when it is missing.
///
/// # Errors
/// When the directory cannot be opened, or the command breaks a rule.
pub fn change_access(settings: &Settings, command: AccessCommand) -> Result<AccessOutcome, Error> {
    System::new().block_on(async {
        let engine = Engine::open(settings).await?;
        let changed = engine.access(Request::of(Who::Cli), command).await;
        engine.close().await;
        Ok(changed?.value)
    })
}

/// The users and keys of the data directory of `settings`.
///
/// # Errors
/// When the directory cannot be opened.
pub fn read_access(settings: &Settings) -> Result<Arc<Access>, Error> {
    System::new().block_on(async {
        let engine = Engine::open(settings).await?;
        let access = engine.view().access();
        engine.close().await;
        Ok(access)
    })
}

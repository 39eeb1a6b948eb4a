//! File systems of the test's own: small ones that can be full.

use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A mounted file system. It is unmounted, and everything in it goes, when this is dropped.
pub(crate) struct Mount {
    home: TempDir,
    mounted: bool,
}

impl Mount {
    /// One in memory of `bytes`; an error says why there can be none.
    pub(crate) fn in_memory(bytes: u64) -> Result<Self, String> {
        let mut mount = Self { home: tempfile::tempdir().unwrap(), mounted: false };
        let size = format!("size={bytes}");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(mount.home.path()))?;
        mount.mounted = true;
        Ok(mount)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.path().to_owned()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: a failing test may have left somebody in it.
            run(Command::new("umount").arg("-l").arg(self.home.path())).ok();
        }
    }
}

/// Runs a command; an error is what it complained of.
fn run(command: &mut Command) -> Result<Output, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

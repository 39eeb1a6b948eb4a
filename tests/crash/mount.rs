//! File systems of the test's own: small ones that can be full, and such whose power can be cut.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Where a file system is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In memory.
    Memory,
    /// In a file, as ext4.
    Ext4,
    /// In a file, as xfs.
    Xfs,
}

/// A mounted file system. It is unmounted, and everything in it goes, when this is dropped.
pub(crate) struct Mount {
    home: TempDir,
    kind: Kind,
    mounted: bool,
}

impl Mount {
    /// One of `bytes`; an error says why there can be none.
    pub(crate) fn new(kind: Kind, bytes: u64) -> Result<Self, String> {
        let mut mount = Self { home: tempfile::tempdir().unwrap(), kind, mounted: false };
        fs::create_dir(mount.path()).unwrap();
        match kind {
            Kind::Memory => {
                let size = format!("size={bytes}");
                run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(mount.path()))?;
                mount.mounted = true;
            }
            Kind::Ext4 | Kind::Xfs => {
                File::create(mount.image()).and_then(|file| file.set_len(bytes)).unwrap();
                let make = if kind == Kind::Ext4 { "mkfs.ext4" } else { "mkfs.xfs" };
                run(Command::new(make).arg("-q").arg(mount.image()))?;
                mount.mount()?;
            }
        }
        Ok(mount)
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.path().join("mounted")
    }

    fn image(&self) -> PathBuf {
        self.home.path().join("image")
    }

    fn mount(&mut self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.path()))?;
        self.mounted = true;
        Ok(())
    }

    /// Shuts the file system down as it is: what is not on the disk by now, its own log included, never gets there.
    pub(crate) fn cut_power(&self) {
        // FS_IOC_SHUTDOWN, which xfs calls XFS_IOC_GOINGDOWN, with NOLOGFLUSH.
        const SHUT_DOWN: &str = "import fcntl, os, struct, sys; \
            fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";
        run(Command::new("python3").args(["-c", SHUT_DOWN]).arg(self.path())).unwrap();
    }

    /// Mounts it again after a power cut. Nobody may be using it.
    pub(crate) fn power_on(&mut self) {
        assert_ne!(self.kind, Kind::Memory, "memory forgets");
        run(Command::new("umount").arg(self.path())).unwrap();
        self.mounted = false;
        self.mount().unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: a failing test may have left somebody in it.
            run(Command::new("umount").arg("-l").arg(self.path())).ok();
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

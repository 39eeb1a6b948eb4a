//! `packhorse completions`: scripts that teach a shell to complete the command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::pipe::print;

/// The flags of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  packhorse completions bash > ~/.local/share/bash-completion/completions/packhorse")]
pub(super) struct Completions {
    /// Shell to write for
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(super) fn run(self) -> anyhow::Result<()> {
        // By way of memory: the generator panics where stdout is closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "packhorse", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}

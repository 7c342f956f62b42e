//! The arguments of the portal: `serve`, `backup`, `restore`, `admin`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion serve                                    on this machine alone, nothing else needed\n  stanchion serve --demo                             a portal to look at, with data that are made up\n  stanchion serve --listen 0.0.0.0:8443 --config portal.toml"
)]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Settings [default: portal.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keep state in this database in place of a file
    #[arg(long, value_name = "postgres://USER@HOST/DATABASE")]
    pub(crate) store: Option<String>,
    /// Show a portal with made-up data: read-only, made anew each night, your own left alone
    #[arg(long, conflicts_with = "store")]
    pub(crate) demo: bool,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion backup /srv/backup/monday.tar.zst        while the portal works\n  stanchion --data-dir /srv/new restore /srv/backup/monday.tar.zst"
)]
pub(crate) struct Backup {
    /// The archive to write
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Settings [default: portal.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Restore {
    /// An archive that `stanchion backup` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion admin create ann@acme.example        asks for the password\n  stanchion admin audit verify                   whether the log of all changes is whole"
)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
    /// Settings [default: portal.toml in the data folder]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum AdminCommand {
    /// Make an administrator's account
    Create {
        /// The account's name, such as an address
        name: String,
        /// For the day when nobody else gets in: never locked out, its use is told
        #[arg(long)]
        break_glass: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let somebody in again: a new password, no second factor, no lock
    Reset {
        /// The account's name
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// The log of all changes
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum AuditCommand {
    /// Go through the whole log and see whether each row follows from the one before
    Verify,
}

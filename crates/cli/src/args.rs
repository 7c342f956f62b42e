//! The command line, as people see it in `--help`. Parsing does nothing else.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Finds what is wrong with the software that a project is made of, and says what to do first.
#[derive(Parser, Debug)]
#[command(name = "stanchion", version, styles = STYLES, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  stanchion scan .                       what is wrong with this project, worst first\n  stanchion explain CVE-2021-44228       why a finding is there and what to do"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(ClapArgs, Debug, Clone)]
pub(crate) struct Global {
    /// Folder of the advisory database and other state
    #[arg(
        long,
        value_name = "DIR",
        env = "STANCHION_DATA_DIR",
        global = true,
        help_heading = "Everywhere",
        hide_env = true
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// Reach for nothing outside this machine (or `STANCHION_OFFLINE=1`)
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) offline: bool,
    /// Say nothing but the result
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Say more: every problem, where the time went
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Everywhere")]
    pub(crate) verbose: u8,
    /// When to use colour
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        help_heading = "Everywhere",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) color: Colour,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Say what a project is made of, what is wrong with it, and what to do first
    Scan(Scan),
    /// Write the inventory alone, as CycloneDX or SPDX
    Sbom(Sbom),
    /// Say why: a finding, an advisory, a CVSS vector, the score, an exit code, which version is newer
    Explain(Explain),
    /// List what is read, and for what there are advisories
    Coverage(Coverage),
    /// Write, check, test, explain and print the policy
    Policy(super::policy_args::Policy),
    /// Keep the written exceptions, and those of other tools
    Exception(super::policy_args::Exception),
    /// Take in and give out statements about what does not matter (VEX)
    Vex(super::policy_args::Vex),
    /// Log in to a portal, whose policy then judges
    Login(super::portal_args::Login),
    /// Forget a portal and its token
    Logout(super::portal_args::Logout),
    /// Send what a project is made of to the portal, and show its verdict
    Push(super::portal_args::Push),
    /// Take over what another tool knows into the portal
    Import(super::portal_args::Import),
    /// Look after the advisory database
    Db(Db),
    /// Run the portal: the organisation's memory, its people and its API
    #[cfg(feature = "portal")]
    Serve(super::serve_args::Serve),
    /// Make administrators of the portal, let them in again, verify the log
    #[cfg(feature = "portal")]
    Admin(super::serve_args::Admin),
    /// Write a copy of everything in the portal, while it works
    #[cfg(feature = "portal")]
    Backup(super::serve_args::Backup),
    /// Bring a copy back into an empty data folder
    #[cfg(feature = "portal")]
    Restore(super::serve_args::Restore),
}

#[derive(ClapArgs, Debug, Clone)]
pub(crate) struct TargetArgs {
    /// Folder, lockfile or SBOM to look at; a purl; or - for standard input
    #[arg(value_name = "TARGET", default_value = ".")]
    pub(crate) target: PathBuf,
    /// Leave out what fits this pattern, as in a .gitignore; may be given again
    #[arg(long, value_name = "GLOB", help_heading = "Target")]
    pub(crate) exclude: Vec<String>,
    /// Look into `node_modules`, vendor and their like too
    #[arg(long, help_heading = "Target")]
    pub(crate) vendored: bool,
    /// Read a single file as this format, whatever it is called (see `stanchion coverage`)
    #[arg(long = "as", value_name = "FORMAT", help_heading = "Target")]
    pub(crate) read_as: Option<String>,
}

/// Which policy judges, and how.
#[derive(ClapArgs, Debug, Clone, Default)]
pub(crate) struct PolicyArgs {
    /// The policy: a file, or a preset such as strict; else the policy.toml above the target
    #[arg(long, value_name = "FILE|PRESET", help_heading = "Policy")]
    pub(crate) policy: Option<String>,
    /// The gate that judges: `pull_request`, build (default), release or deploy
    #[arg(long, value_name = "GATE", help_heading = "Policy")]
    pub(crate) gate: Option<String>,
    /// The commit that a change starts from: only what it brings in is new, and its policy judges a pull request
    #[arg(long, value_name = "GITREF", help_heading = "Policy")]
    pub(crate) since: Option<String>,
    /// Who has approved what the change loosens; may be given again
    #[arg(long, value_name = "WHO", help_heading = "Policy")]
    pub(crate) approved_by: Vec<String>,
    /// Which of the portal's products this is; else as stanchion.toml or the login says
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub(crate) product: Option<String>,
    /// Judge without the portal, by the local policy alone
    #[arg(long, help_heading = "Policy", conflicts_with = "product")]
    pub(crate) no_portal: bool,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion scan examples/storefront\n  stanchion scan . --no-dev --min-severity high -o sarif=stanchion.sarif -o table"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// table, json, sarif, cyclonedx, spdx, markdown, csv or html; with =FILE to write it there; may be given again
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
    /// Show every row
    #[arg(short, long, help_heading = "Output")]
    pub(crate) all: bool,
    /// Leave out what is less severe: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", help_heading = "Findings")]
    pub(crate) min_severity: Option<String>,
    /// Only what is used in this way, such as remote-code-execution; may be given again
    #[arg(long, value_name = "VECTOR", help_heading = "Findings")]
    pub(crate) vector: Vec<String>,
    /// Only what some version clears
    #[arg(long, help_heading = "Findings")]
    pub(crate) fixable: bool,
    /// Leave out what only developers and tests use
    #[arg(long, help_heading = "Findings")]
    pub(crate) no_dev: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// The time that clocks use, such as 2026-11-24 or 2026-11-24T10:00:00Z
    #[arg(long, value_name = "TIME", help_heading = "Policy")]
    pub(crate) as_of: Option<String>,
    /// Remember when each finding was first seen
    #[arg(long, help_heading = "Policy")]
    pub(crate) record: bool,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion sbom . -o cyclonedx=bom.json\n  stanchion sbom . -o spdx"
)]
pub(crate) struct Sbom {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// cyclonedx or spdx; with =FILE to write it there; may be given again
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion explain CVE-2021-44228\n  stanchion explain version Maven 1.0-alpha-1 1.0"
)]
pub(crate) struct Explain {
    /// An id (CVE, GHSA, ...), a CVSS vector, `score`, an exit code, or `version ECOSYSTEM A B`
    #[arg(value_name = "WHAT", required = true, num_args = 1..=4)]
    pub(crate) what: Vec<String>,
    /// The project in which a finding is looked for
    #[arg(
        long,
        value_name = "TARGET",
        default_value = ".",
        help_heading = "Target"
    )]
    pub(crate) target: PathBuf,
    /// json, for programs
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Coverage {
    /// json, or markdown
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
}

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion db update\n  stanchion db import mirror/ mirror/npm/extra.zip"
)]
pub(crate) struct Db {
    #[command(subcommand)]
    pub(crate) command: DbCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum DbCommand {
    /// Fetch what has changed since the last time
    Update {
        /// Also fetch this ecosystem, by its name in OSV; may be given again
        #[arg(long, value_name = "ECOSYSTEM")]
        ecosystem: Vec<String>,
        /// Write json
        #[arg(short, long = "output", value_name = "FORMAT[=FILE]")]
        output: Vec<String>,
    },
    /// Read publishers' files, or a database that was exported elsewhere
    Import {
        /// Folders in OSV's layout, single zip or JSON files, or one exported database
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Accept an exported database that nobody you trust has signed
        #[arg(long)]
        unsigned: bool,
        /// Also trust this public key; may be given again
        #[arg(long, value_name = "KEY")]
        trust: Vec<String>,
    },
    /// Write the database as one file for another machine
    Export {
        /// The file to write
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Sign it with this key (make one with `stanchion db key`)
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Make a key pair for signing exports; prints the public key
    Key {
        /// Where to write the secret half
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say what is in the database, from where, how old, and what was left out
    Status {
        /// json, for programs
        #[arg(short, long = "output", value_name = "FORMAT[=FILE]")]
        output: Vec<String>,
    },
}

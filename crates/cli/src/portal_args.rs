//! The command line of `login`, `logout`, `push` and `import`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use crate::args::TargetArgs;

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion login https://portal.example\n  stanchion login https://portal.example --token-stdin --product shop < token\n  stanchion login --status"
)]
pub(crate) struct Login {
    /// The portal
    #[arg(value_name = "URL", required_unless_present = "status")]
    pub(crate) url: Option<String>,
    /// Read the token from standard input; else it is asked for
    #[arg(long, conflicts_with = "token_file")]
    pub(crate) token_stdin: bool,
    /// Read the token from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// What targets are taken for that do not say which product they are
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// Say to which portals you are logged in, and as whom
    #[arg(long, conflicts_with_all = ["url", "token_stdin", "token_file", "product"])]
    pub(crate) status: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Examples:\n  stanchion logout\n  stanchion logout https://portal.example")]
pub(crate) struct Logout {
    /// The portal; else the current one
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
}

#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  stanchion push . --product shop --version 1.4.0\n  stanchion push bom.json --product shop --version 1.4.0 --branch release -o table -o json=verdict.json"
)]
pub(crate) struct Push {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// The product that the target is; else as stanchion.toml or the login says
    #[arg(long, value_name = "NAME", help_heading = "Portal")]
    pub(crate) product: Option<String>,
    /// The version; else the project's own, the git tag, or the commit
    #[arg(long, value_name = "NAME", help_heading = "Portal")]
    pub(crate) version: Option<String>,
    /// The branch; else main
    #[arg(long, value_name = "NAME", help_heading = "Portal")]
    pub(crate) branch: Option<String>,
    /// The gate that judges: `pull_request`, build (default), release or deploy
    #[arg(long, value_name = "GATE", help_heading = "Portal")]
    pub(crate) gate: Option<String>,
    /// The time that clocks use, such as 2026-11-24 or 2026-11-24T10:00:00Z
    #[arg(long, value_name = "TIME", help_heading = "Portal")]
    pub(crate) as_of: Option<String>,
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
}

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion import dependency-track --url https://dtrack.example --key-file key --dry-run\n  stanchion import defectdojo --url https://dojo.example --token-file token --only 'shop*'"
)]
pub(crate) struct Import {
    #[command(subcommand)]
    pub(crate) from: From,
}

/// Where from.
#[derive(Subcommand, Debug)]
pub(crate) enum From {
    /// Projects, bills of materials, analyses and suppressions of a Dependency-Track 4 or 5
    DependencyTrack {
        /// Where it is
        #[arg(long, value_name = "URL")]
        url: String,
        /// The file of an API key that may view the portfolio, vulnerabilities and policies
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// Products, findings, false positives and accepted risks of a `DefectDojo`
    #[command(name = "defectdojo")]
    DefectDojo {
        /// Where it is
        #[arg(long, value_name = "URL")]
        url: String,
        /// The file of an API v2 token
        #[arg(long, value_name = "FILE")]
        token_file: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

/// How to import.
#[derive(ClapArgs, Debug)]
pub(crate) struct How {
    /// Only projects whose name fits this pattern, with * for anything; may be given again
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Vec<String>,
    /// Read and count, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The last day of exceptions for which the source has no end, such as 2027-01-31
    #[arg(long, value_name = "DAY")]
    pub(crate) expires: Option<String>,
    /// Where a suggestion made of the source's policies is written
    #[arg(long, value_name = "FILE", default_value = "policy.imported.toml")]
    pub(crate) policy_file: PathBuf,
    /// table or json; with =FILE to write it there
    #[arg(short, long = "output", value_name = "FORMAT[=FILE]")]
    pub(crate) output: Vec<String>,
}

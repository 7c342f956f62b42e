//! The command line of `policy`, `exception` and `vex`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use crate::args::PolicyArgs;

/// `-o`.
#[derive(ClapArgs, Debug)]
pub(crate) struct Out {
    /// Format, with =FILE to write it there
    #[arg(
        short,
        long = "output",
        value_name = "FORMAT[=FILE]",
        help_heading = "Output"
    )]
    pub(crate) output: Vec<String>,
}

/// Where the files stand.
#[derive(ClapArgs, Debug)]
pub(crate) struct At {
    /// The policy: a file, or a preset such as strict; else the policy.toml above this folder
    #[arg(long, value_name = "FILE|PRESET")]
    pub(crate) policy: Option<String>,
    /// The project
    #[arg(long, value_name = "TARGET", default_value = ".")]
    pub(crate) target: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion policy init --preset startup --accountable ciso@example.org\n  stanchion policy render --policy bod-26-04 -o html=policy.html"
)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum PolicyCommand {
    /// Ask a few questions and write a policy to begin with
    #[command(
        after_help = "Examples:\n  stanchion policy init\n  stanchion policy init --yes --preset pci-4.0.1 --organisation Acme --accountable ciso@acme.example"
    )]
    Init(Init),
    /// Read the policy and what stands beside it, and say what is wrong
    #[command(
        after_help = "Examples:\n  stanchion policy check\n  stanchion policy check --policy policies/payments.toml"
    )]
    Check {
        #[command(flatten)]
        at: At,
    },
    /// Run the policy's own tests: its `case` entries, and those of policy.test.toml beside it
    #[command(
        after_help = "Examples:\n  stanchion policy test\n  stanchion policy test --policy bod-26-04 --cases my-cases.toml"
    )]
    Test {
        #[command(flatten)]
        at: At,
        /// A file of further `case` entries
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        #[command(flatten)]
        out: Out,
    },
    /// Say why a finding has its date and state, and what would change that
    #[command(
        after_help = "Examples:\n  stanchion policy explain CVE-2021-44228\n  stanchion policy explain CVE-2021-23337 --policy bod-26-04 --gate release"
    )]
    Explain {
        /// The finding, by any of its ids; its key where several have the id
        #[arg(value_name = "FINDING")]
        finding: String,
        /// The project
        #[arg(
            long,
            value_name = "TARGET",
            default_value = ".",
            help_heading = "Target"
        )]
        target: PathBuf,
        #[command(flatten)]
        policy: PolicyArgs,
        /// The time that clocks use
        #[arg(long, value_name = "TIME", help_heading = "Policy")]
        as_of: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Print the policy for people to read and sign: markdown, html, table or json
    #[command(
        after_help = "Examples:\n  stanchion policy render\n  stanchion policy render -o html=policy.html"
    )]
    Render {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        out: Out,
    },
    /// Say what a change to the policy tightens and loosens, and whose approval it needs
    #[command(
        after_help = "Examples:\n  stanchion policy diff old.toml policy.toml\n  stanchion policy diff --since origin/main --approved-by role:ciso"
    )]
    Diff {
        /// The policy as it was: a file or a preset
        #[arg(value_name = "OLD", required_unless_present = "since")]
        old: Option<String>,
        /// The policy as it is; else the policy.toml above this folder
        #[arg(value_name = "NEW")]
        new: Option<String>,
        /// The commit in which the policy is as it was
        #[arg(long, value_name = "GITREF", conflicts_with_all = ["old", "new"])]
        since: Option<String>,
        /// Who has approved the change; may be given again
        #[arg(long, value_name = "WHO")]
        approved_by: Vec<String>,
        #[command(flatten)]
        out: Out,
    },
}

#[derive(ClapArgs, Debug)]
pub(crate) struct Init {
    /// The file to write
    #[arg(value_name = "FILE", default_value = "policy.toml")]
    pub(crate) file: PathBuf,
    /// What to build on; may be given again
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Vec<String>,
    /// The organisation's name
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: Option<String>,
    /// The address of whoever is accountable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) accountable: Option<String>,
    /// The address or team of whoever acts on findings
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) responsible: Option<String>,
    /// The time zone in which days are counted, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// Ask nothing: take what is given and the usual for the rest
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Write over a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion exception add CVE-2021-23337 --purl pkg:npm/lodash --reason \"not reachable\" --approver role:ciso --expires 2027-01-31\n  stanchion exception export --for trivy -o .trivyignore.yaml"
)]
pub(crate) struct Exception {
    #[command(subcommand)]
    pub(crate) command: ExceptionCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ExceptionCommand {
    /// Write a new exception into exceptions.toml
    Add(Box<AddException>),
    /// Say of each exception whether it holds, and what it covers
    List {
        #[command(flatten)]
        at: At,
        /// The time that clocks use
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Read another tool's ignore file and write what it says as exceptions
    Import {
        /// .trivyignore, .trivyignore.yaml, .grype.yaml, osv-scanner.toml, deny.toml, or an OpenVEX document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        fill: Fill,
        /// The project
        #[arg(long, value_name = "TARGET", default_value = ".")]
        target: PathBuf,
        /// Write nothing, only say what would be
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        out: Out,
    },
    /// Write the exceptions that hold as another tool's ignore file
    Export {
        /// trivy, trivy-plain, grype, osv-scanner, cargo-deny or openvex
        #[arg(long = "for", value_name = "TOOL")]
        tool: String,
        /// Only this exception
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// The file to write; standard output without it
        #[arg(short = 'o', long = "output", value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        at: At,
        /// The time that clocks use
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
    },
}

/// What an ignore file of another tool does not say.
#[derive(ClapArgs, Debug)]
pub(crate) struct Fill {
    /// Who allows it
    #[arg(long, value_name = "WHO")]
    pub(crate) approver: Option<String>,
    /// Who asked for it
    #[arg(long, value_name = "WHO")]
    pub(crate) requested_by: Option<String>,
    /// Why, where the file gives no reason
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// The last day, where the file gives none
    #[arg(long, value_name = "DAY")]
    pub(crate) expires: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct AddException {
    /// The vulnerability or check; may be several
    #[arg(value_name = "ID", required_unless_present = "rule")]
    pub(crate) ids: Vec<String>,
    /// A rule of the policy whose violations are covered; may be given again
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// The component, such as pkg:npm/lodash
    #[arg(long, value_name = "PURL")]
    pub(crate) purl: Option<String>,
    /// Its versions, such as 4.17.15 or vers:npm/<4.17.21
    #[arg(long, value_name = "RANGE")]
    pub(crate) versions: Option<String>,
    /// The product
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// A place, such as web/**; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// What stands in for the fix meanwhile
    #[arg(long, value_name = "TEXT")]
    pub(crate) control: Option<String>,
    /// Who asks for it
    #[arg(long, value_name = "WHO")]
    pub(crate) requested_by: Option<String>,
    /// Who allows it
    #[arg(long, value_name = "WHO")]
    pub(crate) approver: String,
    /// The day on which it was allowed; today without it
    #[arg(long, value_name = "DAY")]
    pub(crate) approved_on: Option<String>,
    /// The last day on which it holds
    #[arg(long, value_name = "DAY")]
    pub(crate) expires: String,
    /// Why the product is not affected, where it is not: a VEX justification
    #[arg(long, value_name = "LABEL")]
    pub(crate) justification: Option<String>,
    /// Its id; EX-YEAR-NUMBER without it
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) at: At,
}

#[derive(ClapArgs, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  stanchion vex import vendor.openvex.json\n  stanchion vex add CVE-2021-23337 --purl pkg:npm/lodash --status not_affected --justification vulnerable_code_not_in_execute_path --by me@example.org"
)]
pub(crate) struct Vex {
    #[command(subcommand)]
    pub(crate) command: VexCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum VexCommand {
    /// Write a decision of your own into triage.toml, from which your VEX is made
    Add(AddDecision),
    /// Read OpenVEX, CSAF or CycloneDX, say what of it is about this project, and keep it in vex/
    Import {
        /// The document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        at: At,
        /// Keep nothing, only say what is in it
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        out: Out,
    },
    /// Write your decisions and exceptions as OpenVEX, CSAF or CycloneDX
    Export {
        /// Who publishes it; the policy's organisation without it
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// The address that names the publisher, such as <https://example.org>
        #[arg(long, value_name = "URL")]
        namespace: Option<String>,
        /// The time that documents are stamped with
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        out: Out,
    },
}

#[derive(ClapArgs, Debug)]
pub(crate) struct AddDecision {
    /// The vulnerability; may be several
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// The component; may be given again
    #[arg(long, value_name = "PURL", required = true)]
    pub(crate) purl: Vec<String>,
    /// Its versions
    #[arg(long, value_name = "RANGE")]
    pub(crate) versions: Option<String>,
    /// The product
    #[arg(long, value_name = "NAME")]
    pub(crate) product: Option<String>,
    /// A place, such as web/**; may be given again
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
    /// `not_affected`, affected, fixed or `under_investigation`
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: String,
    /// Why not affected: a VEX justification
    #[arg(long, value_name = "LABEL")]
    pub(crate) justification: Option<String>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// What is to be done when affected
    #[arg(long, value_name = "TEXT")]
    pub(crate) action: Option<String>,
    /// Who decides
    #[arg(long, value_name = "WHO")]
    pub(crate) by: String,
    /// When; today without it
    #[arg(long, value_name = "DAY")]
    pub(crate) on: Option<String>,
    #[command(flatten)]
    pub(crate) at: At,
}

//! `stanchion policy init`: a few questions, and a commented file.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};

use stanchion_formats::ignores::quoted;
use stanchion_policy::presets;

use super::parses;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::output;
use crate::policy_args::Init;

/// What is asked.
struct Answers {
    presets: Vec<String>,
    organisation: Option<String>,
    accountable: Option<String>,
    responsible: Option<String>,
    zone: String,
}

pub(crate) fn run(context: &Context, args: &Init) -> Result<Exit, Failure> {
    if args.file.exists() && !args.force {
        return Err(failure(format!("{} is there already", args.file.display()))
            .hint("--force writes over it; `stanchion policy check` says whether it can be used"));
    }
    for name in &args.preset {
        known(name)?;
    }
    let asks = !args.yes && io::stdin().is_terminal();
    let answers = Answers {
        presets: if args.preset.is_empty() {
            presets_asked(asks)?
        } else {
            args.preset.clone()
        },
        organisation: answer(
            asks,
            args.organisation.as_deref(),
            "What is the organisation called?",
            None,
        )?,
        accountable: answer(
            asks,
            args.accountable.as_deref(),
            "Who is accountable? (an address, such as ciso@example.org)",
            None,
        )?,
        responsible: answer(
            asks,
            args.responsible.as_deref(),
            "Who acts on findings? (an address)",
            None,
        )?,
        zone: answer(
            asks,
            args.timezone.as_deref(),
            "In which time zone are days counted?",
            Some("UTC"),
        )?
        .unwrap_or_else(|| "UTC".into()),
    };
    let today = context.now.get(..10).unwrap_or_default();
    let text = text(&answers, today);
    let policy = parses(&text)?;
    std::fs::write(&args.file, &text)
        .map_err(|error| failure(format!("cannot write {}: {error}", args.file.display())))?;
    output::say(&format!(
        "{} holds {} deadline rules and {} gate rules, most of them from {}.",
        args.file.display(),
        policy.sla.len(),
        policy.enforce.len(),
        answers.presets.join(" and ")
    ));
    output::say(
        "Next: `stanchion policy check` says what is missing; `stanchion policy render -o html=policy.html` prints it for people; `stanchion scan` enforces it.",
    );
    Ok(Exit::Fine)
}

fn known(name: &str) -> Result<(), Failure> {
    match presets::find(name) {
        Some(_) => Ok(()),
        None => Err(
            failure(format!("there is no preset {name:?}")).hint(format!(
                "the presets are {}",
                presets::names().collect::<Vec<_>>().join(", ")
            )),
        ),
    }
}

fn presets_asked(asks: bool) -> Result<Vec<String>, Failure> {
    if !asks {
        return Ok(vec!["startup".into()]);
    }
    output::say("What shall it build on?");
    for preset in presets::REGISTRY {
        output::say(&format!("  {:<22} {}", preset.name, preset.about));
    }
    let given = ask("One or several, with commas between them", Some("startup"))?;
    let names: Vec<String> = given
        .split([',', ' '])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    for name in &names {
        known(name)?;
    }
    Ok(if names.is_empty() {
        vec!["startup".into()]
    } else {
        names
    })
}

fn answer(
    asks: bool,
    given: Option<&str>,
    question: &str,
    usual: Option<&str>,
) -> Result<Option<String>, Failure> {
    let text = match given {
        Some(text) => text.to_owned(),
        None if asks => ask(question, usual)?,
        None => usual.unwrap_or_default().to_owned(),
    };
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn ask(question: &str, usual: Option<&str>) -> Result<String, Failure> {
    let hint = usual.map_or_else(
        || " (leave it empty to fill it in later)".to_owned(),
        |usual| format!(" [{usual}]"),
    );
    let mut err = anstream::stderr().lock();
    let _ = write!(err, "{question}{hint}: ").and_then(|()| err.flush());
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(if line.is_empty() {
        usual.unwrap_or_default().to_owned()
    } else {
        line.to_owned()
    })
}

fn text(answers: &Answers, today: &str) -> String {
    let mut out = String::new();
    let extends: Vec<String> = answers
        .presets
        .iter()
        .map(|name| quoted(&format!("builtin:{}", name.trim_start_matches("builtin:"))))
        .collect();
    let organisation = answers.organisation.as_deref();
    let _ = writeln!(
        out,
        "# How we manage vulnerabilities. `stanchion scan` enforces exactly this file, and `stanchion policy render` prints\n\
         # it for people. What it builds on can only be tightened here: `stanchion policy render --policy {}` shows it.\n\
         schema = \"vmpolicy/1\"\n\n[policy]\nid = {}\nversion = {}\ntitle = \"Vulnerability management policy\"",
        answers.presets.first().map_or("startup", String::as_str),
        quoted(&organisation.map_or_else(
            || "vulnerability-management".into(),
            |name| format!("{}-vulnerability-management", slug(name))
        )),
        quoted(today.get(..7).unwrap_or(today)),
    );
    if let Some(name) = organisation {
        let _ = writeln!(out, "organisation = {}", quoted(name));
    }
    let _ = write!(
        out,
        "extends = [{}]\nclock_tz = {}\n# approved_by = \"role:ciso\"\n# approved_on = {today}\nreview_every = \"1y\"\n\n",
        extends.join(", "),
        quoted(&answers.zone),
    );
    out.push_str("# Who answers for what. Names that begin with role:, team: or list: stand for the people under [roles.members].\n[roles]\naccountable = \"role:ciso\"\n");
    let people = |address: &Option<String>| address.as_deref().map(quoted);
    match people(&answers.responsible) {
        Some(_) => out.push_str("responsible = { default = \"role:product-owner\" }   # also \"product:NAME\" and \"supplier:NAME\"\n"),
        None => out.push_str("# responsible = { default = \"role:product-owner\" }   # then a product without an owner closes the gate\n"),
    }
    out.push_str("\n[roles.members]\n");
    match people(&answers.accountable) {
        Some(address) => {
            let _ = writeln!(out, "\"role:ciso\" = [{address}]");
        }
        None => out.push_str("# \"role:ciso\" = [\"ciso@example.org\"]\n"),
    }
    match people(&answers.responsible) {
        Some(address) => {
            let _ = writeln!(out, "\"role:product-owner\" = [{address}]");
        }
        None => out.push_str("# \"role:product-owner\" = [\"lead@example.org\"]\n"),
    }
    out.push_str(
        "
# What is at hand to reach the goals.
# [resources]
# budget = \"two days a month for each team\"
# [[resources.contacts]]
# name = \"Our incident team\"
# address = \"security@example.org\"

# What conditions may ask about a product. What is not said is taken at its worst: exposed, and of the first tier.
# [[product]]
# name = \"storefront\"
# paths = [\"web\", \"api\"]
# tier = 2
# exposed = false

# A rule of our own, beside those that this policy builds on: all that match apply, and the earliest date wins.
# [[sla]]
# id = \"own/payments\"
# when = \"'payment' in p.data_classes && f.severity in ['critical', 'high']\"
# due = { critical = \"2d\", high = \"7d\" }

# A test: what must come out for a finding like this.
[[case]]
name = \"a malicious package closes the gate\"
gate = \"release\"
f = { kind = \"malicious\", severity = \"critical\" }
expect = { denied = true }
",
    );
    out
}

fn slug(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        "our".into()
    } else {
        parts.join("-")
    }
}

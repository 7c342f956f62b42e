//! `stanchion push`: what the target is made of goes to the portal, and its verdict comes back.

use std::io::Write;

use stanchion_assess::Options;
use stanchion_inventory::document;
use stanchion_model::inventory::Inventory;
use stanchion_net::Method;
use stanchion_policy::file::Gate;
use stanchion_policy::gate;
use stanchion_report::json_read;

use crate::args::PolicyArgs;
use crate::commands::scan;
use crate::context::{self, Context};
use crate::exit::{Exit, Failure, failure};
use crate::judged::Judged;
use crate::output;
use crate::policies::{self, Where};
use crate::portal::connection::{Call, refused, short};
use crate::portal::{self, NAME, Portal, api};
use crate::portal_args::Push;
use crate::repository;

/// How hard the document is pressed: it goes over a network once.
const LEVEL: i32 = 6;
/// Letters of a commit that stand for a version.
const COMMIT: usize = 12;

pub(crate) fn run(context: &Context, args: &Push) -> Result<Exit, Failure> {
    let outputs = output::parse(&args.output, scan::FORMATS)?;
    let gate = match &args.gate {
        None => gate::DEFAULT,
        Some(word) => Gate::from_word(word).ok_or_else(|| {
            failure(format!("{word:?} is no gate")).hint(format!(
                "the gates are {}",
                Gate::ALL.map(Gate::as_str).join(", ")
            ))
        })?,
    };
    if context.offline {
        return Err(
            failure("nothing can be pushed while the offline switch is on").hint(
                "leave out --offline (or unset STANCHION_OFFLINE); `stanchion scan` judges here, by the policy that was last fetched",
            ),
        );
    }
    let given = args.as_of.as_deref().map(context::time).transpose()?;
    let portal = Portal::needed(context)?;
    let target = &args.target.target;
    let product = portal::product(&portal, args.product.as_deref(), target)?.ok_or_else(|| {
        failure("nothing says which product this is")
            .hint("name it with --product, or in stanchion.toml under [portal]")
    })?;
    let mut options = Options {
        scan: scan::scan_options(&args.target)?,
        as_of: given.clone().unwrap_or_else(|| context.now.clone()),
        ..Options::default()
    };
    // Documents beside a policy are statements about the target, not what it is made of.
    if is_home(target)? {
        options
            .scan
            .walk
            .exclude
            .push(format!("/{}/*.json", policies::VEX));
    }
    let (inventory, _) = scan::inventory(&args.target, &options)?;
    if inventory.files == 0 {
        scan::nothing(&inventory);
        return Ok(Exit::Incomplete);
    }
    let version = version(context, args, &inventory)?;
    let mut bytes = Vec::new();
    document::write(&inventory, &mut bytes)
        .map_err(|error| failure(format!("the inventory cannot be sent: {error}")))?;
    let body = zstd::bulk::compress(&bytes, LEVEL)
        .map_err(|error| failure(format!("the inventory cannot be compressed: {error}")))?;
    drop(bytes);
    let path = api::with_query(
        api::PUSH,
        &[
            ("product", Some(&product)),
            ("version", Some(&version)),
            ("branch", args.branch.as_deref()),
            ("gate", Some(gate.as_str())),
            ("as_of", given.as_deref()),
        ],
    );
    let answer = portal.connection.patiently(&Call {
        method: Method::Post,
        path: &path,
        headers: vec![
            ("content-type", "application/json".into()),
            ("content-encoding", "zstd".into()),
        ],
        body,
        limit: json_read::MOST_BYTES as u64,
        // The same inventory twice is one.
        again: true,
    })?;
    if answer.status != 200 {
        return Err(refused(NAME, &format!("the push of {product:?}"), &answer));
    }
    let assessment = json_read::read(&answer.body, inventory.clone()).map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })?;
    let exit = scan::exit_of(&assessment);
    for output in &outputs {
        if output.format == "json" {
            output::write(output, &mut |out: &mut dyn Write| {
                out.write_all(&answer.body)
            })?;
        } else {
            scan::write(context, target, args.all, &assessment, exit, output)?;
        }
    }
    let named = answer.header(api::VERSION).unwrap_or(&version);
    context.say(&format!(
        "Pushed {} {} to {}{}",
        short(&product),
        short(named),
        portal.url(),
        answer
            .header(api::CHANGES)
            .map_or_else(String::new, |changes| format!(": {}", short(changes)))
    ));
    if let Some(page) = answer.header(api::PAGE) {
        context.say(&short(page));
    }
    let own = locally(
        context,
        args,
        &product,
        inventory,
        &mut options,
        given.is_some(),
    )?;
    match own {
        Some(own) if stricter(own, exit) => {
            context.say(&format!(
                "note: the portal ends with {}, and the repository's own policy, which may only tighten it, with {}: the stricter counts\nhint: `stanchion scan --product {product}` shows why",
                exit.code(),
                own.code()
            ));
            Ok(own)
        }
        _ => Ok(exit),
    }
}

/// Whether one exit weighs more: of several, the first of 2, 1, 3 is given.
fn stricter(one: Exit, other: Exit) -> bool {
    let weight = |exit| match exit {
        Exit::Fine => 0,
        Exit::Incomplete => 1,
        Exit::Denied => 2,
        Exit::Misuse => 3,
    };
    weight(one) > weight(other)
}

/// Whether the target's own folder, or none, holds the policy: as where a scan looks.
fn is_home(target: &std::path::Path) -> Result<bool, Failure> {
    let folder = policies::folder_of(target);
    let here = Where {
        target: &folder,
        top: None,
        mark: "",
    };
    let found = policies::policy(None, &here)?;
    let real = folder.canonicalize().unwrap_or(folder);
    Ok(found.is_none_or(|(_, folders)| folders.first() == Some(&real)))
}

/// What the repository's own policy says on top of the portal's; `None` where it has none.
fn locally(
    context: &Context,
    args: &Push,
    product: &str,
    inventory: Inventory,
    options: &mut Options,
    given: bool,
) -> Result<Option<Exit>, Failure> {
    let folder = policies::folder_of(&args.target.target);
    let here = Where {
        target: &folder,
        top: None,
        mark: "",
    };
    if policies::policy(None, &here)?.is_none() {
        return Ok(None);
    }
    let policy = PolicyArgs {
        gate: args.gate.clone(),
        product: Some(product.to_owned()),
        ..PolicyArgs::default()
    };
    let as_of = options.as_of.clone();
    let mut judged = Judged::find(
        context,
        &policy,
        &args.target.target,
        given.then_some(as_of.as_str()),
        &as_of,
    )?;
    let assessment = scan::finish(context, inventory, options, &mut judged, given)?;
    Ok(Some(scan::exit_of(&assessment)))
}

/// The version: as said, else the project's own where there is one, else the tag, else the commit.
fn version(context: &Context, args: &Push, inventory: &Inventory) -> Result<String, Failure> {
    if let Some(version) = &args.version {
        return Ok(version.clone());
    }
    let mut own: Vec<&str> = inventory
        .projects
        .iter()
        .filter_map(|project| project.version.as_deref())
        .filter(|version| !version.trim().is_empty())
        .collect();
    own.sort_unstable();
    own.dedup();
    let (version, from) = if let [only] = own[..] {
        (only.to_owned(), "the project's own")
    } else if let Ok(head) = repository::head(&policies::folder_of(&args.target.target)) {
        match &head.tags[..] {
            [tag] => (tag.clone(), "the git tag"),
            _ => (
                head.commit.get(..COMMIT).unwrap_or(&head.commit).to_owned(),
                "the git commit",
            ),
        }
    } else {
        let reason = if own.is_empty() {
            "the project has none".to_owned()
        } else {
            format!("its projects have {} of them", own.len())
        };
        return Err(failure(format!(
            "nothing says which version this is: {reason}, and there is no git commit"
        ))
        .hint("name it with --version"));
    };
    context.say(&format!("version {} ({from})", short(&version)));
    Ok(version)
}

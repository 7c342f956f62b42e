//! The portal's policy for a product, and when the portal has first seen its findings. What was fetched serves while the
//! portal cannot be reached, for as long as the settings allow.

use std::collections::HashMap;
use std::path::Path;

use stanchion_policy::bundle::{self, Bundle};

use super::api;
use super::connection::{Call, Connection, Silence, host, refused};
use super::kept::{self, Head, Kept};
use super::{NAME, Portal};
use crate::args::PolicyArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};
use crate::settings;

/// How long an answer serves without the portal, where the settings do not say.
const MAX_AGE: i64 = 7 * DAY;
const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;
/// Largest list of first sights.
const MOST_SIGHTS: u64 = 256 << 20;

/// First sights by the key of the finding, in seconds since 1970.
pub(crate) type Sights = HashMap<String, i64>;

/// What the portal says about a target.
#[derive(Debug)]
pub(crate) struct Ruling {
    /// The policy; `None`: the portal has none, and the target's own judges.
    pub(crate) bundle: Option<Bundle>,
    /// When findings were first seen. What is not there is seen now.
    pub(crate) sights: Sights,
}

/// What the portal says about a target; `None` where nobody is logged in, the target is no product, or it is not wanted.
pub(crate) fn for_target(
    context: &Context,
    args: &PolicyArgs,
    target: &Path,
) -> Result<Option<Ruling>, Failure> {
    if args.no_portal {
        return Ok(None);
    }
    let portal = Portal::current(context)?;
    let Some(portal) = portal else {
        return match &args.product {
            None => Ok(None),
            Some(product) => Err(failure(format!(
                "the product {product:?} is one of a portal's, and you are not logged in to any"
            ))
            .hint("run `stanchion login`, or leave --product out")),
        };
    };
    let Some(product) = product(&portal, args.product.as_deref(), target)? else {
        context.say(&format!(
            "note: the policy of {} does not judge this: nothing says which product it is\nhint: name it with --product, or in stanchion.toml under [portal]; --no-portal leaves the portal out",
            portal.url()
        ));
        return Ok(None);
    };
    let limit = max_age(context)?;
    let of_bundle = Asked {
        what: "policy",
        path: api::with_query(api::BUNDLE, &[("product", Some(&product))]),
        most: bundle::MOST_BYTES as u64,
        unknown_is_none: false,
    };
    let bundle = asked(context, &portal.connection, &product, &of_bundle, limit)?;
    let bundle = match bundle {
        Some(bytes) => Some(
            Bundle::from_json(&bytes)
                .map_err(|error| Failure::new(error.clone()).hint(error.hint()))?,
        ),
        None => None,
    };
    let of_sights = Asked {
        what: "first sights",
        path: api::sightings(&product),
        most: MOST_SIGHTS,
        unknown_is_none: true,
    };
    let sights = match asked(context, &portal.connection, &product, &of_sights, limit)? {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            failure(format!(
                "the first sights that {NAME} gave cannot be read: {error}"
            ))
            .hint("update the older of client and portal")
        })?,
        None => Sights::new(),
    };
    Ok(Some(Ruling { bundle, sights }))
}

/// Which product a target is: as said, else as its project says, else as the login says.
pub(crate) fn product(
    portal: &Portal,
    said: Option<&str>,
    target: &Path,
) -> Result<Option<String>, Failure> {
    if let Some(said) = said {
        return Ok(Some(said.to_owned()));
    }
    let project = settings::project(target)?;
    Ok(project.portal.product.or_else(|| portal.product.clone()))
}

/// How long an answer serves without the portal, in seconds.
fn max_age(context: &Context) -> Result<i64, Failure> {
    let Some(text) = context.settings.portal.max_age.as_deref() else {
        return Ok(MAX_AGE);
    };
    let unit = |suffix: &str, seconds: i64| {
        let number: u32 = text.trim().strip_suffix(suffix)?.parse().ok()?;
        i64::from(number).checked_mul(seconds)
    };
    unit("d", DAY).or_else(|| unit("h", HOUR)).ok_or_else(|| {
        failure(format!("`portal.max-age` is {text:?}")).hint("write it as 7d or 12h")
    })
}

/// Something that is asked for and kept.
struct Asked {
    what: &'static str,
    path: String,
    most: u64,
    /// 404 is an answer: there is none.
    unknown_is_none: bool,
}

/// Asks, unless the kept answer still holds; where the portal is away, gives what was kept. `None`: the portal has none.
fn asked(
    context: &Context,
    connection: &Connection,
    product: &str,
    asked: &Asked,
    limit: i64,
) -> Result<Option<Vec<u8>>, Failure> {
    let kind = if asked.unknown_is_none {
        "sights"
    } else {
        "bundle"
    };
    let file = kept::place(&context.data, host(&connection.base), product, kind);
    let old = kept::read(&file, &connection.base, product, asked.most);
    let now = seconds(&context.now);
    let head = |etag: Option<String>, none: bool| Head {
        portal: connection.base.clone(),
        product: product.to_owned(),
        etag,
        checked: now,
        none,
        digest: String::new(),
    };
    let mut call = Call::get(&asked.path, asked.most);
    if let Some(etag) = old.as_ref().and_then(|old| old.head.etag.clone()) {
        call.headers.push(("if-none-match", etag));
    }
    let answer = match connection.ask(&call) {
        Ok(answer) => answer,
        Err(Silence::Away(reason) | Silence::Unusable(reason)) => {
            return serve(context, asked, old, &reason, now, limit);
        }
        Err(Silence::Refused(failure)) => return Err(failure),
    };
    let new = match (answer.status, old) {
        (304, Some(old)) => Kept {
            head: Head {
                checked: now,
                ..old.head
            },
            body: old.body,
        },
        (200, _) => Kept {
            head: head(answer.header("etag").map(str::to_owned), false),
            body: answer.body,
        },
        (204, _) => Kept {
            head: head(None, true),
            body: Vec::new(),
        },
        (404, _) if asked.unknown_is_none => Kept {
            head: head(None, true),
            body: Vec::new(),
        },
        (404, _) => {
            return Err(refused(
                NAME,
                &format!("the {} of the product {product:?}", asked.what),
                &answer,
            )
            .hint("check the name (--product, or stanchion.toml), or push it first"));
        }
        _ => {
            return Err(refused(
                NAME,
                &format!("the {} of the product {product:?}", asked.what),
                &answer,
            ));
        }
    };
    // A policy that cannot be kept still judges.
    if let Err(failure) = kept::write(&file, &new) {
        context.say(&format!("warning: {}", failure.error));
    }
    Ok((!new.head.none).then_some(new.body))
}

/// What was kept, while it is young enough.
fn serve(
    context: &Context,
    asked: &Asked,
    old: Option<Kept>,
    reason: &str,
    now: i64,
    limit: i64,
) -> Result<Option<Vec<u8>>, Failure> {
    let incomplete = |failure: Failure| Failure {
        exit: Exit::Incomplete,
        ..failure
    };
    let way_out = "reach the portal once, raise `portal.max-age` in config.toml, or judge by the local policy with --no-portal";
    let Some(old) = old else {
        return Err(incomplete(
            failure(format!(
                "{reason}; and its {} was never fetched here",
                asked.what
            ))
            .hint(way_out),
        ));
    };
    // A clock that was set back makes nothing younger than new.
    let age = (now - old.head.checked).max(0);
    if age > limit {
        return Err(incomplete(
            failure(format!(
                "{reason}; and its {} was last checked {} ago, which is more than {}",
                asked.what,
                span(age),
                span(limit)
            ))
            .hint(way_out),
        ));
    }
    if !asked.unknown_is_none {
        context.say(&format!(
            "note: {reason}; its {} of {} ago judges",
            asked.what,
            span(age)
        ));
    }
    Ok((!old.head.none).then_some(old.body))
}

fn seconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_second)
}

/// A time for people.
fn span(seconds: i64) -> String {
    let count = |number: i64, unit: &str| {
        let end = if number == 1 { "" } else { "s" };
        format!("{number} {unit}{end}")
    };
    if seconds >= 2 * DAY {
        count(seconds / DAY, "day")
    } else if seconds >= 2 * HOUR {
        count(seconds / HOUR, "hour")
    } else {
        count(seconds / 60, "minute")
    }
}

//! `stanchion policy explain`: why a finding has its date and state, and what would change that.

use std::path::Path;

use stanchion_model::finding::Finding;
use stanchion_policy::explain::explain;

use crate::args::PolicyArgs;
use crate::commands::scan;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};

pub(crate) fn run(
    context: &Context,
    id: &str,
    target: &Path,
    policy: &PolicyArgs,
    given: Option<&str>,
    outputs: &[String],
) -> Result<Exit, Failure> {
    let (target, mut options, mut judged) = scan::prepare(context, target, policy, given)?;
    if judged.loaded.is_none() {
        return Err(failure("there is no policy that could be explained").hint(
            "`stanchion policy init` writes one; --policy takes a file or a preset such as strict",
        ));
    }
    let (inventory, _) = scan::inventory(&target, &options)?;
    if inventory.files == 0 {
        scan::nothing(&inventory);
        return Ok(Exit::Incomplete);
    }
    let assessment = scan::finish(
        context,
        inventory,
        &mut options,
        &mut judged,
        given.is_some(),
    )?;
    let named: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| {
            finding.key == id
                || std::iter::once(&finding.id)
                    .chain(&finding.aliases)
                    .any(|own| own.eq_ignore_ascii_case(id))
        })
        .collect();
    if named.is_empty() {
        return Err(failure(format!("{id:?} is no finding here"))
            .hint("`stanchion scan -a` lists the findings with their ids"));
    }
    let Some(loaded) = &judged.loaded else {
        return Ok(Exit::Fine);
    };
    judged.with(loaded, None, |judging| {
        let setting = judging.setting(&assessment);
        for finding in &named {
            super::write(
                &explain(&setting, finding),
                outputs,
                &["table", "markdown", "html", "json"],
                None,
            )?;
        }
        Ok(Exit::Fine)
    })
}

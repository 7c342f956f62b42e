//! `stanchion sbom`: the inventory alone.

use std::io::Write;

use stanchion_assess::Options;
use stanchion_formats::{Subject, cyclonedx, spdx};

use crate::args::Sbom;
use crate::commands::scan;
use crate::context::{self, Context};
use crate::exit::{Exit, Failure};
use crate::output;

const FORMATS: &[&str] = &["cyclonedx", "spdx"];

/// Most problems that are told one by one; the document has all of them.
const MOST_WARNINGS: usize = 10;

pub(crate) fn run(context: &Context, args: &Sbom) -> Result<Exit, Failure> {
    let outputs = output::parse(&args.output, FORMATS)?;
    let options = Options {
        scan: scan::scan_options(&args.target)?,
        ..Options::default()
    };
    let (inventory, _) = scan::inventory(&args.target, &options)?;
    // An empty bill of materials would say that the target is made of nothing.
    if inventory.files == 0 {
        scan::nothing(&inventory);
        return Ok(Exit::Incomplete);
    }
    let name = scan::product_name(&args.target.target);
    let stamp = context::stamp(&context.now)?;
    let subject = Subject {
        inventory: &inventory,
        problems: &inventory.problems,
        name: &name,
        stamp: &stamp,
    };
    for output in &outputs {
        output::write(
            output,
            &mut |out: &mut dyn Write| match output.format.as_str() {
                "spdx" => spdx::write(&subject, out),
                _ => cyclonedx::write(&subject, None, out),
            },
        )?;
    }
    let most = if context.verbose {
        usize::MAX
    } else {
        MOST_WARNINGS
    };
    for problem in inventory.problems.iter().take(most) {
        let line = problem
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        context.say(&format!(
            "warning: {}{line}: {}",
            problem.path.escape_debug(),
            problem.reason.escape_debug()
        ));
    }
    if let Some(more @ 1..) = inventory.problems.len().checked_sub(most) {
        context.say(&format!(
            "warning: {more} more problems; the document has them all, or see -v"
        ));
    }
    Ok(Exit::Fine)
}

//! `stanchion sbom`: the inventory alone.

use crate::args::Sbom;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};

pub(crate) fn run(_context: &Context, _args: &Sbom) -> Result<Exit, Failure> {
    Err(failure("not yet"))
}

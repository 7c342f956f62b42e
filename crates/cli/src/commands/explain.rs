//! `stanchion explain`.

use crate::args::Explain;
use crate::context::Context;
use crate::exit::{Exit, Failure, failure};

pub(crate) fn run(_context: &Context, _args: &Explain) -> Result<Exit, Failure> {
    Err(failure("not yet"))
}

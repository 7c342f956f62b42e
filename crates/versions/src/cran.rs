//! CRAN and Bioconductor.
//!
//! The specification is <https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file>
//! and R's `package_version`: numbers with `.` or `-` between them, which are the same; more numbers are
//! above fewer. A package has at least two, so that one alone is tolerated only.

use crate::Certainty::{self, Exact, Lenient};
use crate::key::{self, digit_run};

pub(crate) fn key(version: &str, out: &mut Vec<u8>) -> Certainty {
    let text = version.trim();
    let parts = || text.split(['.', '-']).map(str::as_bytes);
    if !parts().all(|part| !part.is_empty() && digit_run(part) == part.len()) {
        return key::unparsed(version, out);
    }
    let mut count = 0;
    for digits in parts() {
        count += 1;
        key::digits(digits, out);
    }
    if count >= 2 && text.len() == version.len() {
        Exact
    } else {
        Lenient
    }
}

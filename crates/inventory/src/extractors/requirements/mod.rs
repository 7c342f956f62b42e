//! pip's requirements files: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>, and the comments
//! that [pip-compile](https://pip-tools.readthedocs.io/) and `uv pip compile` write behind each package.
//!
//! Each line asks for a package itself, unless a compiler's `# via` says who needs it. Included files (`-r`) are
//! read along and keep their own place; constraints (`-c`) pin what is asked for and add nothing. Why a package is
//! there is told by the name of the file it stands in (`requirements-dev.txt`, `docs/requirements.txt`). A marker
//! drops nothing: it may hold on some machine.

mod line;
mod reader;

use stanchion_model::Ecosystem;

use crate::extract::{About, Capabilities, Extractor, Input, matches};
use crate::found::Found;

/// Reads requirements files.
pub(super) struct Requirements;

static ABOUT: About = About {
    id: "pypi/requirements",
    title: "pip requirements files, also compiled by pip-tools and uv",
    files: &["*requirements*.txt"],
    ecosystem: Some(Ecosystem::PyPi),
    specification: "https://pip.pypa.io/en/stable/reference/requirements-file-format/",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: true,
        licences: false,
    },
};

impl Extractor for Requirements {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = name.to_ascii_lowercase();
        // Constraints ask for nothing: they are read where they are named.
        let listed = matches("*requirements*.txt", &lower)
            || (in_requirements(folder) && matches("*.txt", &lower));
        listed && !lower.contains("constraint")
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let folder = input.folder();
        if in_requirements(folder) {
            found.belongs_to(folder.rsplit_once('/').map_or("", |(above, _)| above));
        }
        reader::read(input, found);
    }
}

fn in_requirements(folder: &str) -> bool {
    folder.rsplit('/').next() == Some("requirements")
}

#[cfg(test)]
mod tests {
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn every_kind_of_line() {
        check(Case {
            folder: "requirements/testdata/lines",
            file: "requirements.txt",
            want: &[
                "PyPI Flask 2.0.1 runtime direct:yes :5 needs: sha256 sha256",
                "PyPI celery 5.2.0 runtime direct:yes :9 needs:",
                "PyPI pywin32 306 runtime direct:yes :10 needs:",
                "PyPI jinja2 ? runtime direct:yes :11 needs:",
                "PyPI click ? runtime direct:yes :12 needs:",
                "PyPI attrs 22.2.0 runtime direct:yes :13 needs:",
                "PyPI mylib ? runtime own :15 needs:",
                "PyPI helper ? runtime own :16 needs:",
                "PyPI wheelhouse 1.4 runtime own :17 needs:",
                "PyPI fork ? runtime direct:yes :18 needs: git:https://github.com/example/fork.git@0123456789abcdef0123456789abcdef01234567",
                "PyPI tool ? runtime direct:yes :19 needs: git:https://github.com/example/tool@?",
                "PyPI direct_wheel 1.0 runtime direct:yes :20 needs: url:https://example.com/w/direct_wheel-1.0-py3-none-any.whl",
                "PyPI sdist-only 2.1 runtime direct:yes :21 needs: url:https://example.com/sdist-only-2.1.tar.gz",
                "PyPI urllib3 1.26.5 runtime direct:yes :2 needs:",
                "PyPI six 1.16.0 runtime direct:yes :3 needs:",
            ],
            problems: &[
                "requirements.txt:6 cannot read the included file missing.txt",
                "requirements.txt:8 the included file https://example.com/r.txt",
                "requirements.txt:11 jinja2 is not pinned",
                "requirements.txt:12 click is not pinned (==8.*)",
                "requirements.txt:18 fork comes from git",
                "requirements.txt:19 tool comes from git",
                "requirements.txt:22 \"this is prose\" is no requirement",
            ],
        });
    }

    #[test]
    fn compiled_files_tell_who_needs_what() {
        check(Case {
            folder: "requirements/testdata/compiled",
            file: "requirements-dev.txt",
            want: &[
                "PyPI django 4.2.1 dev direct:yes :6 needs:asgiref 3.7.0,sqlparse 0.4.4",
                "PyPI asgiref 3.7.0 dev direct:no :4 needs:",
                "PyPI sqlparse 0.4.4 dev direct:no :9 needs: sha256",
                "PyPI tzdata 2023.3 dev direct:no :13 needs:",
                "PyPI celery 5.3.0 dev direct:yes :14 needs:tzdata 2023.3",
            ],
            problems: &[],
        });
    }

    #[test]
    fn files_that_include_each_other_are_one_project() {
        check(Case {
            folder: "requirements/testdata/layers",
            file: "requirements/test.txt",
            want: &[
                "PyPI requests 2.31.0 runtime direct:yes :2 needs:",
                "PyPI pytest 7.4.0 test direct:yes :2 needs:",
                "PyPI certifi 2023.7.22 runtime direct:yes :3 needs:",
            ],
            problems: &[],
        });
    }

    #[test]
    fn nothing_panics() {
        never_panics("requirements/testdata/lines/requirements.txt");
        never_panics("requirements/testdata/compiled/requirements-dev.txt");
    }
}

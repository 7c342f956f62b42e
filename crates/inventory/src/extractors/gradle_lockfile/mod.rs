//! Gradle's dependency locks: <https://docs.gradle.org/current/userguide/dependency_locking.html>.
//!
//! `gradle.lockfile` and its like hold `group:artifact:version=configuration,…`, one line a module; before
//! Gradle 7 each configuration had a file of its own under `gradle/dependency-locks`. Why a module is there is
//! told by the names of the configurations. The lock has no edges, no hashes, and does not say what the project
//! asks for itself.

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{ProblemKind, Scope};

use crate::extract::{About, Capabilities, Extractor, Input, matches};
use crate::found::{Found, Package};

/// Reads Gradle's lockfiles.
pub(super) struct GradleLockfile;

static ABOUT: About = About {
    id: "maven/gradle-lockfile",
    title: "gradle.lockfile, buildscript-gradle.lockfile, and gradle/dependency-locks/*.lockfile",
    files: &["gradle.lockfile", "*-gradle.lockfile", "*.lockfile"],
    ecosystem: Some(Ecosystem::Maven),
    specification: "https://docs.gradle.org/current/userguide/dependency_locking.html",
    capabilities: Capabilities {
        edges: false,
        scopes: true,
        direct: false,
        lines: true,
        hashes: false,
        licences: false,
    },
};

/// Most lines that are named as broken.
const WRONG: usize = 20;

impl Extractor for GradleLockfile {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let named = name == "gradle.lockfile" || matches("*-gradle.lockfile", name);
        // Other tools have lockfiles too: any name only where Gradle keeps its own.
        named
            || (matches("*.lockfile", name)
                && folder
                    .split('/')
                    .any(|part| matches!(part, "dependency-locks" | "gradle")))
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        // A file below `gradle/` speaks for the folder that holds `gradle/`.
        let folder = input.folder();
        let above = folder.strip_suffix("/dependency-locks").unwrap_or(folder);
        match above
            .strip_suffix("gradle")
            .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        {
            Some(project) if above == "gradle" || above.ends_with("/gradle") => {
                found.belongs_to(project);
            }
            _ => {}
        }
        let name = input
            .name()
            .strip_suffix(".lockfile")
            .unwrap_or(input.name());
        let build = name.starts_with("buildscript") || name.starts_with("settings");
        let mut wrong = 0;
        for (line, content) in input.lines() {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (module, configurations) = content.split_once('=').unwrap_or((content, name));
            if module.trim() == "empty" {
                continue;
            }
            let mut parts = module.trim().split(':');
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(group), Some(artifact), Some(version), None)
                    if ![group, artifact, version]
                        .iter()
                        .any(|part| part.is_empty()) =>
                {
                    let scope = if build {
                        Scope::Build
                    } else {
                        scope(configurations)
                    };
                    found.add(
                        Package::new(Ecosystem::Maven, format!("{group}:{artifact}"), version)
                            .scope(scope)
                            .line(line),
                    );
                }
                _ => {
                    wrong += 1;
                    if wrong <= WRONG {
                        let short: String = content.chars().take(60).collect();
                        found.problem(
                            ProblemKind::Unreadable,
                            line,
                            format!("{short:?} is no group:artifact:version"),
                        );
                    }
                }
            }
        }
        if wrong > WRONG {
            found.problem(
                ProblemKind::Unreadable,
                0,
                format!("{} more lines are no group:artifact:version", wrong - WRONG),
            );
        }
    }
}

/// The strongest reason among the configurations that hold a module.
fn scope(configurations: &str) -> Scope {
    configurations
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(reason)
        .min()
        .unwrap_or(Scope::Runtime)
}

/// Why a configuration holds modules, by the names that the plug-ins give: `testRuntimeClasspath`,
/// `kaptDebugAndroidTest`, `annotationProcessor`, `checkstyle`.
fn reason(name: &str) -> Scope {
    let lower = name.to_ascii_lowercase();
    if lower.contains("test") && !lower.contains("latest") {
        return Scope::Test;
    }
    let build = [
        "annotationprocessor",
        "kapt",
        "ksp",
        "buildscript",
        "kotlincompiler",
        "kotlinbuild",
        "kotlinnative",
        "scalacompiler",
        "zinc",
        "protobuf",
        "antlr",
    ];
    if lower == "classpath" || build.iter().any(|word| lower.contains(word)) {
        return Scope::Build;
    }
    let dev = [
        "checkstyle",
        "pmd",
        "spotbugs",
        "jacoco",
        "detekt",
        "ktlint",
        "errorprone",
        "lint",
        "jmh",
        "developmentonly",
        "spotless",
        "codenarc",
        "asciidoctor",
        "dokka",
    ];
    if dev.iter().any(|word| lower.contains(word)) {
        return Scope::Dev;
    }
    Scope::Runtime
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extractors::testing::{Case, check, never_panics};

    #[test]
    fn configurations_tell_why_a_module_is_there() {
        check(Case {
            folder: "gradle_lockfile/testdata/app",
            file: "gradle.lockfile",
            want: &[
                "Maven com.android.tools.build:gradle 8.1.0 build direct:? :1 needs:",
                "Maven com.example:core 1.2.3 runtime direct:? :4 needs:",
                "Maven org.hamcrest:hamcrest 2.2 test direct:? :2 needs:",
                "Maven org.junit:junit-api 5.9.0 test direct:? :5 needs:",
                "Maven org.mapstruct:mapstruct-processor 1.5.5.Final build direct:? :6 needs:",
            ],
            problems: &["gradle.lockfile:7 \"this is no module=x\" is no group:artifact:version"],
        });
    }

    #[test]
    fn names_of_configurations() {
        for (names, want) in [
            ("compileClasspath,testCompileClasspath", Scope::Runtime),
            (
                "testRuntimeClasspath,integrationTestCompileClasspath",
                Scope::Test,
            ),
            ("annotationProcessor,testAnnotationProcessor", Scope::Build),
            ("productionRuntimeClasspath", Scope::Runtime),
            ("classpath", Scope::Build),
            ("checkstyle", Scope::Dev),
            ("debugRuntimeClasspath", Scope::Runtime),
            ("", Scope::Runtime),
        ] {
            assert_eq!(scope(names), want, "{names}");
        }
    }

    #[test]
    fn other_tools_lockfiles_are_left_alone() {
        for (path, want) in [
            ("gradle.lockfile", true),
            ("a/settings-gradle.lockfile", true),
            ("gradle/dependency-locks/x.lockfile", true),
            ("a/x.lockfile", false),
        ] {
            assert_eq!(GradleLockfile.wants(path), want, "{path}");
        }
    }

    #[test]
    fn nothing_panics() {
        never_panics("gradle_lockfile/testdata/app/gradle.lockfile");
    }
}

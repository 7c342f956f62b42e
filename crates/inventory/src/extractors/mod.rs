//! The readers, one folder each. A new one is a folder and a line in [`REGISTRY`].

mod bun_lock;
mod cargo_lock;
mod composer_lock;
mod cyclonedx;
mod gemfile_lock;
mod go_mod;
mod gradle_lockfile;
mod maven_pom;
mod npm;
mod npm_lock;
mod nuget_lock;
mod pdm_lock;
mod pipfile_lock;
mod pnpm_lock;
mod poetry_lock;
mod pylock;
mod python;
mod requirements;
mod sbom;
mod source;
mod spdx;
#[cfg(test)]
pub(crate) mod testing;
mod uv_lock;
mod yarn_lock;

use crate::extract::Extractor;

/// Every reader, in the order in which they are asked.
pub const REGISTRY: &[&dyn Extractor] = &[
    &cargo_lock::CargoLock,
    &bun_lock::BunLock,
    &npm_lock::NpmLock,
    &pnpm_lock::PnpmLock,
    &yarn_lock::YarnLock,
    &gemfile_lock::GemfileLock,
    &composer_lock::ComposerLock,
    &nuget_lock::NugetLock,
    &requirements::Requirements,
    &pipfile_lock::PipfileLock,
    &poetry_lock::PoetryLock,
    &uv_lock::UvLock,
    &pdm_lock::PdmLock,
    &pylock::Pylock,
    &go_mod::GoMod,
    &gradle_lockfile::GradleLockfile,
    &cyclonedx::CycloneDx,
    &spdx::Spdx,
    &maven_pom::MavenPom,
];

//! The readers, one folder each. A new one is a folder and a line in [`REGISTRY`].

mod bun_lock;
mod cargo_lock;
mod composer_lock;
mod gemfile_lock;
mod npm;
mod npm_lock;
mod nuget_lock;
mod pnpm_lock;
mod yarn_lock;
mod python;
mod requirements;
mod source;
mod pipfile_lock;
mod poetry_lock;
mod uv_lock;
mod pdm_lock;
mod pylock;
mod go_mod;
mod gradle_lockfile;
mod sbom;
mod cyclonedx;
mod spdx;
mod maven_pom;
#[cfg(test)]
pub(crate) mod testing;

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

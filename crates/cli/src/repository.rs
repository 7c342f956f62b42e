//! What of git the commands use; without the feature `git`, the same names, which find nothing and say so.

#[cfg(feature = "git")]
pub(crate) use stanchion_git::{Base, History, Limits, base, head, root_of};

#[cfg(not(feature = "git"))]
pub(crate) use without::{Base, History, Limits, base, head, root_of};

#[cfg(not(feature = "git"))]
mod without {
    use std::path::{Path, PathBuf};

    /// This build reads no repository.
    #[derive(Debug, thiserror::Error)]
    #[error("this build of stanchion was made without git")]
    pub(crate) struct Without;

    /// There is none.
    pub(crate) enum Base {}

    impl Base {
        pub(crate) fn root(&self) -> &Path {
            match *self {}
        }

        pub(crate) fn target(&self) -> PathBuf {
            match *self {}
        }

        pub(crate) fn links(&self) -> &[String] {
            match *self {}
        }

        pub(crate) fn skipped(&self) -> &[String] {
            match *self {}
        }
    }

    #[derive(Default)]
    pub(crate) struct Limits;

    pub(crate) fn base(
        _: &Path,
        _: &str,
        _: &dyn Fn(&str) -> bool,
        _: Limits,
    ) -> Result<Base, Without> {
        Err(Without)
    }

    /// The nearest folder above that holds `.git`.
    pub(crate) fn root_of(folder: &Path) -> Option<PathBuf> {
        let real = folder.canonicalize().ok()?;
        real.ancestors()
            .find(|folder| folder.join(".git").exists())
            .map(Path::to_owned)
    }

    /// What is checked out.
    pub(crate) struct Head {
        pub(crate) commit: String,
        pub(crate) tags: Vec<String>,
    }

    pub(crate) fn head(_: &Path) -> Result<Head, Without> {
        Err(Without)
    }

    /// There is none.
    pub(crate) enum History {}

    impl History {
        pub(crate) fn of(_: &Path, _: &[&str]) -> Result<Self, Without> {
            Err(Without)
        }

        pub(crate) fn since(
            &self,
            _: &str,
            _: &mut dyn FnMut(usize, &dyn Fn() -> Option<Vec<u8>>) -> bool,
        ) -> Option<i64> {
            match *self {}
        }
    }
}

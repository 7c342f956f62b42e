//! What is checked out: the commit, and the tags that name it.

use std::path::Path;

use crate::{GitError, open};

/// Most tags that are looked at.
const MOST_TAGS: usize = 10_000;

/// What a checkout stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// Short names of the tags on it, in order. None where there are too many tags to look at.
    pub tags: Vec<String>,
}

/// What the checkout that holds a folder stands at.
///
/// # Errors
/// When there is no repository, or it has no commit yet, or it cannot be read.
pub fn head(folder: &Path) -> Result<Head, GitError> {
    let (repository, root) = open(folder)?;
    let damaged = |reason: String| GitError::Damaged {
        repository: root.display().to_string(),
        reason,
    };
    let id = repository
        .head_id()
        .map_err(|error| damaged(error.to_string()))?
        .detach();
    let references = repository
        .references()
        .map_err(|error| damaged(error.to_string()))?;
    let all = references
        .tags()
        .map_err(|error| damaged(error.to_string()))?;
    let mut tags = Vec::new();
    for (number, tag) in all.enumerate() {
        if number >= MOST_TAGS {
            tags.clear();
            break;
        }
        // A tag that cannot be followed names nothing.
        let Ok(mut tag) = tag else { continue };
        if tag.peel_to_id().is_ok_and(|peeled| peeled.detach() == id) {
            tags.push(tag.name().shorten().to_string());
        }
    }
    tags.sort();
    Ok(Head {
        commit: id.to_string(),
        tags,
    })
}

//! Where the code of products is kept.

use crate::{Id, StoreError, Tx, params};

/// Where a product's code is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Repository {
    /// Of which product.
    pub product: Id,
    /// `https://...` or `ssh://...`.
    pub url: String,
    /// A branch or tag; empty: the default branch.
    pub reference: String,
    /// The product's branch that its inventories go to.
    pub branch: String,
    /// A token, sealed with the portal's key.
    pub secret: Option<String>,
    /// The commit that was last scanned.
    pub commit: Option<String>,
    /// When that was.
    pub scanned: Option<i64>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Where a product's code is kept, where somebody has said so.
pub fn repository(tx: &mut Tx<'_>, product: Id) -> Result<Option<Repository>, StoreError> {
    tx.first(
        "SELECT product, url, reference, branch, secret, commit_id, scanned FROM repository WHERE product = ?1",
        params![product],
        |row| {
            Ok(Repository {
                product: row.get(0)?,
                url: row.get(1)?,
                reference: row.get(2)?,
                branch: row.get(3)?,
                secret: row.get(4)?,
                commit: row.get(5)?,
                scanned: row.get(6)?,
            })
        },
    )
}

/// Says where a product's code is kept.
pub fn set_repository(tx: &mut Tx<'_>, repository: &Repository) -> Result<(), StoreError> {
    tx.insert(
        "repository",
        &["product", "url", "reference", "branch", "secret", "commit_id", "scanned"],
        params![
            repository.product,
            &repository.url,
            &repository.reference,
            &repository.branch,
            repository.secret.as_deref(),
            repository.commit.as_deref(),
            repository.scanned,
        ],
        "ON CONFLICT (product) DO UPDATE SET url = excluded.url, reference = excluded.reference, branch = excluded.branch,
             secret = excluded.secret, commit_id = excluded.commit_id, scanned = excluded.scanned",
    )?;
    Ok(())
}

//! The one language of every list: `severity>=high kev fixable due<7d owner:team:web -is:excepted log4j`.
//!
//! [`Query::parse`] reads it with a table of fields ([`List`]), from which completion ([`complete()`]) and the page for
//! people ([`reference()`]) come as well. Values never become part of a statement: a term is compiled to words that stand
//! here and to parameters. `findings`, `products` and `components` run a query and give a page.

mod compile;
mod complete;
mod components;
mod cursor;
mod fields;
mod findings;
mod nearest;
mod parse;
mod plan;
mod products;
mod reference;
mod run;
mod show;
mod sql;
mod values;

pub(crate) use compile::{Condition, Lead, begins, column, purl};
pub use complete::{Suggestion, complete};
pub use components::{ListedComponent, components};
pub use fields::{COMPONENTS, FINDINGS, Field, Flag, Kind, List, PRODUCTS, SortBy};
pub(crate) use findings::rows;
pub use findings::{Counted, ListedFinding, count, explain, findings};
pub use parse::{Node, Op, Order, Query, QueryError, Term};
pub(crate) use plan::{
    COMPONENT, COMPONENT_REST, Drive, Index, Plan, VULNERABILITY, VULNERABILITY_REST,
};
pub use products::products;
pub(crate) use products::seen;
pub use reference::reference;
pub(crate) use run::{Asked, Place};
pub(crate) use sql::{Piece, Statement};

use crate::{Id, StoreError};

/// Products that one person may be bound to one by one.
pub const MOST_VISIBLE: usize = 20_000;

/// What somebody may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Everything.
    All,
    /// These products and nothing else.
    Products(Vec<Id>),
}

/// Rows of a list, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order of the query.
    pub rows: Vec<T>,
    /// Give it back for the next page; `None`: this was the last.
    pub next: Option<String>,
}

/// Why a list cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place to go on from is not one of this query.
    #[error("the cursor does not belong to this query: leave it out to begin with the first page")]
    Cursor,
    /// The query has no index to stand on.
    #[error("this list would have to read everything: {0}")]
    Unbounded(&'static str),
    /// A text that is longer than anything that could be found.
    #[error("a search is at most {0} bytes long: give an id, a package URL, a hash or a name")]
    TooLong(usize),
    /// A query of another list.
    #[error("a query for {given} cannot list {wanted}: read it with the table of {wanted}")]
    List {
        /// Which list it was read for.
        given: &'static str,
        /// Which list is wanted.
        wanted: &'static str,
    },
}

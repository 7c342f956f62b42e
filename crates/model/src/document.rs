//! A document for people as data: rooms that know the content make it, and `report` sets it.

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Points of a list.
    List(Vec<String>),
    /// Rows under a head; every row has as many cells.
    Table {
        /// The names of the columns.
        head: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
    /// Places to sign, each with the name of a role and of a person, where known.
    Signatures(Vec<(String, String)>),
}

/// A numbered section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Whose it is.
    pub organisation: Option<String>,
    /// Names and values that stand on its first page: version, approval, and so on.
    pub facts: Vec<(String, String)>,
    /// What it is for, in a few sentences.
    pub summary: String,
    /// Its sections.
    pub sections: Vec<Section>,
    /// The line at the foot of each page.
    pub foot: String,
}

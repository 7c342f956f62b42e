//! Sets a [`Document`](stanchion_model::document::Document): for a terminal, as Markdown, and as a page to print and sign.

pub mod html;
pub mod markdown;
pub mod terminal;

#[cfg(test)]
mod tests;

//! Score, and what a gate says.

pub mod gate;
pub mod score;

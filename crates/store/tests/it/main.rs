//! The same tests on both databases.

mod basics;

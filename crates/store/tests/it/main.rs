//! The same tests on both databases.

mod audit;
mod basics;
mod people;
mod query;
mod search;
mod shop;

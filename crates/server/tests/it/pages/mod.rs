//! The pages of the portal, asked for as a browser does.

mod products;

//! The sources, one file each: bytes in, records or tables out. None of them touches the network.

pub(crate) mod eol;
pub(crate) mod epss;
pub(crate) mod kev;
pub(crate) mod osv;
pub(crate) mod ssvc;

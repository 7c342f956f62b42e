//! Blobs: documents as they came, kept under the digest of their content.
//!
//! The same content has the same name, so that keeping it twice costs nothing and nothing is ever overwritten with
//! something else. What lies in the store is compressed; the name is of what was handed in. Where blobs lie is settled
//! when the program starts: in a folder ([`folder`]), or in an object store (`s3`, a feature).

pub mod folder;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(all(test, feature = "s3"))]
mod s3_tests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

/// How hard to compress: zstd's own middle.
const LEVEL: i32 = 3;

/// Largest window that a frame may ask for, as a power of two: 8 MiB, more than our level ever writes.
const WINDOW: u32 = 23;

/// The SHA-256 of a content, which is its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of a content.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// By its two parts in the store: the folder `ab` and the file `cdef…`. Nothing but hex digits is in either.
    pub(crate) fn parts(&self) -> (String, String) {
        let mut head = self.to_string();
        let tail = head.split_off(2);
        (head, tail)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not the 64 hex digits, in lower case, that a digest is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no digest: 64 hex digits in lower case are one")]
pub struct NoDigest;

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        // One way to write each, so that each has one name.
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NoDigest),
        };
        let mut out = [0; 32];
        if text.len() != 64 {
            return Err(NoDigest);
        }
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(out))
    }
}

/// Why a blob cannot be kept or had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// There is none of this name.
    #[error("there is no blob {0}")]
    Missing(Digest),
    /// It is larger than the caller takes.
    #[error("the blob {digest} has more than {limit} bytes")]
    TooLarge {
        /// Which.
        digest: Digest,
        /// Bytes allowed.
        limit: u64,
    },
    /// What lies there is not what was put there.
    #[error("the blob {digest} is damaged: {reason}")]
    Damaged {
        /// Which.
        digest: Digest,
        /// How that was seen.
        reason: String,
    },
    /// The store cannot be used.
    #[error("cannot {what} in {place}: {reason}")]
    Store {
        /// What was to be done.
        what: &'static str,
        /// The folder or the bucket.
        place: String,
        /// Why it cannot be.
        reason: String,
        /// What a person should do next.
        hint: &'static str,
    },
}

impl BlobError {
    /// What a person should do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "it was removed by retention, or the store is another one than before: check where blobs lie"
            }
            Self::TooLarge { .. } => "raise the limit if a document of this size is meant",
            Self::Damaged { .. } => {
                "bring it back from a backup, or hand the document in again: that mends it"
            }
            Self::Store { hint, .. } => hint,
        }
    }
}

/// One blob in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub digest: Digest,
    /// Bytes that it takes in the store.
    pub stored: u64,
    /// When it was last put.
    pub put: SystemTime,
}

/// Blobs as they come, one at a time: a store may hold millions.
pub type List<'a> = Box<dyn Iterator<Item = Result<Listed, BlobError>> + 'a>;

/// Where blobs lie. All calls block.
#[derive(Debug)]
pub enum Blobs {
    /// In a folder.
    Folder(folder::Folder),
    /// In an object store.
    #[cfg(feature = "s3")]
    S3(Box<s3::S3>),
}

impl Blobs {
    /// In words, without anything secret: the folder, or the bucket.
    pub fn place(&self) -> &str {
        match self {
            Self::Folder(folder) => folder.place(),
            #[cfg(feature = "s3")]
            Self::S3(s3) => s3.place(),
        }
    }

    /// Keeps a content and gives its name. When this returns, it is there to stay. A content that is there already is
    /// put anew as far as its age goes, and mended if it was damaged.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        let packed = zstd::bulk::compress(bytes, LEVEL).map_err(|error| BlobError::Store {
            what: "compress a blob",
            place: self.place().to_owned(),
            reason: error.to_string(),
            hint: "see whether the machine has memory left",
        })?;
        match self {
            Self::Folder(folder) => folder.write(digest, &packed)?,
            #[cfg(feature = "s3")]
            Self::S3(s3) => s3.write(digest, packed)?,
        }
        Ok(digest)
    }

    /// Brings a content of at most `limit` bytes. It is what was put, or this fails.
    pub fn get(&self, digest: Digest, limit: u64) -> Result<Vec<u8>, BlobError> {
        // What cannot be compressed grows a little: by less than a 256th and a few bytes (zstd's ZSTD_compressBound).
        let most = limit.saturating_add(limit / 128).saturating_add(1024);
        let packed = match self {
            Self::Folder(folder) => folder.read(digest, most)?,
            #[cfg(feature = "s3")]
            Self::S3(s3) => s3.read(digest, most)?,
        };
        let too_large = BlobError::TooLarge { digest, limit };
        let Some(packed) = packed else {
            return Err(too_large);
        };
        let damaged = |error: std::io::Error| BlobError::Damaged {
            digest,
            reason: error.to_string(),
        };
        let mut decoder =
            zstd::stream::read::Decoder::with_buffer(packed.as_slice()).map_err(damaged)?;
        decoder.window_log_max(WINDOW).map_err(damaged)?;
        let mut bytes = Vec::new();
        decoder
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(damaged)?;
        if bytes.len() as u64 > limit {
            return Err(too_large);
        }
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(BlobError::Damaged {
                digest,
                reason: format!("its content has the digest {found}"),
            });
        }
        Ok(bytes)
    }

    /// Removes a blob. It is no error when there is none.
    pub fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => folder.delete(digest),
            #[cfg(feature = "s3")]
            Self::S3(s3) => s3.delete(digest),
        }
    }

    /// Every blob, in no order. What is put or removed meanwhile may be in it or not. Whoever removes by it must leave
    /// alone what was put just now: its mention may still be on the way into the database.
    pub fn list(&self) -> Result<List<'_>, BlobError> {
        match self {
            Self::Folder(folder) => folder.list(),
            #[cfg(feature = "s3")]
            Self::S3(s3) => Ok(s3.list()),
        }
    }

    /// Removes what writes that never ended have left, if it is older than `age`; gives how many there were. To be
    /// called along with a sweep.
    pub fn tidy(&self, age: Duration) -> Result<u64, BlobError> {
        match self {
            Self::Folder(folder) => folder.tidy(age),
            // A write that does not end leaves nothing there.
            #[cfg(feature = "s3")]
            Self::S3(_) => Ok(0),
        }
    }

    /// Puts a content of its own, brings it back and removes it, so that a wrong setting shows when the program starts
    /// and not with the first document.
    pub fn check(&self) -> Result<(), BlobError> {
        // Several programs may start at once: each has its own.
        let draw = RandomState::new().hash_one((std::process::id(), SystemTime::now()));
        let probe = format!(
            "check of the store by process {}: {draw:x}\n",
            std::process::id()
        );
        let digest = self.put(probe.as_bytes())?;
        let back = self.get(digest, probe.len() as u64);
        self.delete(digest)?;
        back.map(drop)
    }
}

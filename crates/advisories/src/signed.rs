//! One file that carries a database from one machine to another, signed.
//!
//! ```text
//! 0    magic "STANDB1\n"
//! 8    Ed25519 public key, 32 bytes; zeros when unsigned
//! 40   signature over everything from 104 on, 64 bytes
//! 104  the database, compressed with zstd
//! ```
//! The key in the file only tells which key to try: a signature counts when that key is one of those the
//! reader trusts. Keys are written as base64 of their 32 bytes.

use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{Error, Index};

const MAGIC: &[u8; 8] = b"STANDB1\n";
const HEAD: usize = 104;
const LEVEL: i32 = 9;
/// No database unpacks to more than this, in bytes.
const MOST: usize = 4 << 30;
/// Unpacking to this many bytes is always allowed: a small database is mostly empty tables and packs very well.
const SMALL: usize = 16 << 20;

/// A key pair for signing, in PKCS #8.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a new pair: its PKCS #8 bytes, and the public key to hand out.
    pub fn generate() -> Result<(Vec<u8>, String), Error> {
        let refuse = |reason: &str| Error::Signature {
            path: "a new key".into(),
            reason: reason.into(),
        };
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| refuse("the system gives no random numbers"))?;
        let pair = Ed25519KeyPair::from_pkcs8(bytes.as_ref())
            .map_err(|_| refuse("it cannot be read back"))?;
        Ok((bytes.as_ref().to_vec(), base64(pair.public_key().as_ref())))
    }

    /// Reads a pair.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes)
            .map(Self)
            .map_err(|_| Error::Signature {
                path: path.display().to_string(),
                reason:
                    "it is no Ed25519 key in PKCS #8 form; make one with `stanchion db key FILE`"
                        .into(),
            })
    }

    /// The public key to hand out.
    pub fn public(&self) -> String {
        base64(self.0.public_key().as_ref())
    }
}

/// The bytes of the file for a database; unsigned without a key.
pub fn export(index: &Index, key: Option<&SigningKey>) -> Result<Vec<u8>, Error> {
    let mut file = vec![0; HEAD];
    file[..8].copy_from_slice(MAGIC);
    let packed = zstd::bulk::compress(index.file(), LEVEL)
        .map_err(|error| Error::Damaged(error.to_string()))?;
    file.extend_from_slice(&packed);
    if let Some(key) = key {
        let signature = key.0.sign(&file[HEAD..]);
        file[8..40].copy_from_slice(key.0.public_key().as_ref());
        file[40..HEAD].copy_from_slice(signature.as_ref());
    }
    Ok(file)
}

/// Whether bytes are such a file.
pub fn is_export(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Checks a file and gives the database's bytes. `trusted` are public keys in base64; `unsigned` accepts a file
/// whose signature is missing or by a stranger, never one whose signature is wrong.
pub fn import(
    file: &[u8],
    path: &str,
    trusted: &[String],
    unsigned: bool,
) -> Result<Vec<u8>, Error> {
    let refuse = |reason: String| Error::Signature {
        path: path.to_owned(),
        reason,
    };
    if !is_export(file) || file.len() <= HEAD {
        return Err(refuse(
            "it is no exported database, or it is cut short".into(),
        ));
    }
    let (key, signature, packed) = (&file[8..40], &file[40..HEAD], &file[HEAD..]);
    if key.iter().all(|byte| *byte == 0) {
        if !unsigned {
            return Err(refuse("it is not signed".into()));
        }
    } else {
        let name = base64(key);
        if UnparsedPublicKey::new(&ED25519, key)
            .verify(packed, signature)
            .is_err()
        {
            return Err(refuse(
                "its signature is wrong: it was damaged or changed on the way".into(),
            ));
        }
        if !unsigned && !trusted.iter().any(|known| known.trim() == name) {
            return Err(refuse(format!(
                "it is signed by the key {name}, which is not among the trusted ones"
            )));
        }
    }
    let bytes = zstd::bulk::decompress(packed, packed.len().saturating_mul(64).clamp(SMALL, MOST))
        .map_err(|error| refuse(format!("it cannot be unpacked: {error}")))?;
    Index::from_bytes(bytes.clone())?.verify()?;
    Ok(bytes)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

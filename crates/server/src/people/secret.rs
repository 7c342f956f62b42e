//! Secrets that people and programs hold: random when made, a hash when kept.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use sha2::{Digest, Sha256};
use stanchion_store::people::Hash;
use subtle::ConstantTimeEq;

use crate::http::Problem;
use crate::seal;

/// What every access token begins with, so that people and scanners know one when they see it.
pub(crate) const TOKEN_PREFIX: &str = "stn_";

/// 32 random bytes as text: 43 letters, digits, `-` and `_`.
pub(crate) fn random() -> Result<String, Problem> {
    let bytes: [u8; 32] = seal::random().map_err(|error| Problem::internal(&error))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A random id.
pub(crate) fn id() -> Result<stanchion_store::Id, Problem> {
    let bytes = seal::random().map_err(|error| Problem::internal(&error))?;
    Ok(stanchion_store::Id::random(bytes))
}

/// What is kept of a secret. They are random, so that one round is enough.
pub(crate) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// Whether a secret is the one that was kept, in the same time whatever it is.
pub(crate) fn is(secret: &str, kept: &Hash) -> bool {
    hash(secret).ct_eq(kept).into()
}

/// Something that only this portal can make, of a purpose and a text. 43 letters.
pub(crate) fn derive(key: &[u8; 32], purpose: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(&(purpose.len() as u64).to_be_bytes());
    context.update(purpose.as_bytes());
    context.update(text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(context.sign())
}

/// A code for people to type: 16 letters and digits that are not mistaken for each other, in groups of four; 80 bits.
pub(crate) fn typed() -> Result<String, Problem> {
    // Crockford's alphabet: without I, L, O and U.
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bytes: [u8; 16] = seal::random().map_err(|error| Problem::internal(&error))?;
    let mut code = String::with_capacity(19);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    Ok(code)
}

/// A code as it was typed, in the form that is hashed.
pub(crate) fn untyped(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(64)
        .map(|letter| match letter.to_ascii_lowercase() {
            'i' | 'l' => '1',
            'o' => '0',
            letter => letter,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_apart() {
        let one = random().unwrap();
        assert_eq!(one.len(), 43);
        assert_ne!(one, random().unwrap());
        assert!(is(&one, &hash(&one)) && !is("", &hash(&one)));
        assert_ne!(derive(&[1; 32], "a", "bc"), derive(&[1; 32], "ab", "c"));
        assert_ne!(derive(&[1; 32], "a", "b"), derive(&[2; 32], "a", "b"));
    }

    #[test]
    fn a_typed_code_is_read_as_people_write_it() {
        let code = typed().unwrap();
        assert_eq!(code.len(), 19);
        assert_eq!(untyped(&code.to_uppercase()), untyped(&code));
        assert_eq!(untyped("oIl0 - 12"), "011012");
    }
}

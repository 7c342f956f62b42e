//! Secrets that have to be read again (a webhook's, a second factor's) are kept sealed with the portal's own key.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// The key's file in the data folder.
pub const FILE: &str = "portal.key";

/// Random bytes. The system's source does not fail once it has started; where it does, nothing goes on.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
    Ok(bytes)
}

/// The key of a data folder, made where there is none; readable for its owner alone.
pub fn key(folder: &Path) -> std::io::Result<[u8; 32]> {
    use std::io::Write;
    let path = folder.join(FILE);
    let read = |path: &Path| -> std::io::Result<[u8; 32]> {
        let text = std::fs::read_to_string(path)?;
        STANDARD_NO_PAD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| {
                std::io::Error::other(format!("{} is no key: 32 bytes in base64", path.display()))
            })
    };
    if path.exists() {
        return read(&path);
    }
    std::fs::create_dir_all(folder)?;
    let key: [u8; 32] = random()?;
    let text = STANDARD_NO_PAD.encode(key);
    let mut new = tempfile::Builder::new()
        .prefix(".key-")
        .tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        // Another server was faster.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(error.error),
    }
}

/// Seals a secret.
pub fn close(key: &[u8; 32], secret: &str) -> std::io::Result<String> {
    let broken = || std::io::Error::other("the secret cannot be sealed");
    let nonce: [u8; NONCE_LEN] = random()?;
    let sealing = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| broken())?);
    let mut bytes = secret.as_bytes().to_vec();
    sealing
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut bytes,
        )
        .map_err(|_| broken())?;
    let whole: Vec<u8> = nonce.iter().chain(&bytes).copied().collect();
    Ok(STANDARD_NO_PAD.encode(whole))
}

/// Opens what [`close`] gave; `None` where the key is another or the text was changed.
pub fn open(key: &[u8; 32], sealed: &str) -> Option<String> {
    let mut bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
    if bytes.len() < NONCE_LEN {
        return None;
    }
    let mut rest = bytes.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
    let opening = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?);
    let plain = opening.open_in_place(nonce, Aad::empty(), &mut rest).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let own = key(folder.path()).unwrap();
        assert_eq!(key(folder.path()).unwrap(), own);
        let sealed = close(&own, "whsec_ä").unwrap();
        assert_eq!(open(&own, &sealed).as_deref(), Some("whsec_ä"));
        assert_eq!(open(&[7; 32], &sealed), None);
        let mut changed = sealed.clone().into_bytes();
        let last = changed.len() / 2;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(open(&own, std::str::from_utf8(&changed).unwrap()), None);
        for broken in ["", "0", "!!", "ß0", &sealed[..20]] {
            assert_eq!(open(&own, broken), None);
        }
        assert_ne!(close(&own, "a").unwrap(), close(&own, "a").unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
    }
}

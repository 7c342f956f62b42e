//! What the portal said, kept for when it cannot be reached: one file for each product and kind of answer. The first line
//! says what it is and when it came; the rest is the answer, as it came.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::{Failure, failure};
use crate::policies;

/// Longest readable part of a file's name.
const MOST_NAME: usize = 80;

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Whose answer it is.
    pub(crate) portal: String,
    /// About which product; empty for none.
    pub(crate) product: String,
    /// The name that the portal gave it.
    pub(crate) etag: Option<String>,
    /// When the portal last said that it holds, in seconds since 1970.
    pub(crate) checked: i64,
    /// The portal has none.
    pub(crate) none: bool,
    /// SHA-256 of the rest: a disk that went bad is not believed.
    pub(crate) digest: String,
}

/// An answer that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

/// A name as one part of a path that leads nowhere else, and no other name has.
pub(crate) fn part(name: &str) -> String {
    let mut out = String::new();
    let mut same = !name.is_empty();
    for c in name.chars() {
        // Capital letters are not told from small ones by every file system.
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (c == '.' && !out.is_empty())
        {
            out.push(c);
        } else {
            out.push('_');
            same = false;
        }
        if out.len() >= MOST_NAME {
            same = false;
            break;
        }
    }
    if !same {
        let digest = stanchion_model::digest::sha256(name.as_bytes());
        out.push('+');
        out.push_str(digest.get(..16).unwrap_or(&digest));
    }
    out
}

/// Where an answer is kept.
pub(crate) fn place(data: &Path, host: &str, product: &str, kind: &str) -> PathBuf {
    data.join("portal")
        .join(part(host))
        .join(format!("{}.{kind}", part(product)))
}

/// Reads what was kept. A file that is not whole, or of another portal or product, is none.
pub(crate) fn read(file: &Path, portal: &str, product: &str, most: u64) -> Option<Kept> {
    let bytes = policies::bounded_bytes(file, most + 64 * 1024).ok()?;
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(bytes.get(..at)?).ok()?;
    let body = bytes.get(at + 1..)?.to_vec();
    let whole = head.digest == stanchion_model::digest::sha256(&body)
        && head.portal == portal
        && head.product == product;
    whole.then_some(Kept { head, body })
}

/// Keeps an answer.
pub(crate) fn write(file: &Path, kept: &Kept) -> Result<(), Failure> {
    let head = Head {
        digest: stanchion_model::digest::sha256(&kept.body),
        ..kept.head.clone()
    };
    let mut bytes =
        serde_json::to_vec(&head).map_err(|error| failure(format!("cannot write: {error}")))?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&kept.body);
    replace(file, &bytes)
}

/// Writes a file beside its place, for its owner only, and moves it there.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| {
        failure(format!("cannot write {}: {error}", file.display()))
            .hint("check that you may write there")
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(wrong)?;
    let mut part = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    part.write_all(bytes)
        .and_then(|()| part.as_file().sync_all())
        .map_err(wrong)?;
    part.persist(file).map_err(|error| wrong(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        assert_eq!(part("shop"), "shop");
        assert_eq!(part("127.0.0.1-8"), "127.0.0.1-8");
        let mut seen = std::collections::HashSet::new();
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "A",
            "a",
            "ü",
            "con:",
            &"x".repeat(300),
            &"x".repeat(301),
        ] {
            let part = part(name);
            assert!(!part.starts_with('.') && part.len() < 120, "{part}");
            assert!(!part.contains(['/', '\\', ':']), "{part}");
            assert!(seen.insert(part), "{name}");
        }
    }

    #[test]
    fn what_is_not_whole_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = place(folder.path(), "h:1", "shop", "bundle");
        let kept = Kept {
            head: Head {
                portal: "https://h".into(),
                product: "shop".into(),
                etag: Some("\"x\"".into()),
                checked: 7,
                ..Head::default()
            },
            body: b"{\"a\":\n1}".to_vec(),
        };
        write(&file, &kept).unwrap();
        let read_back = read(&file, "https://h", "shop", 100).unwrap();
        assert_eq!(read_back.body, kept.body);
        assert_eq!(read_back.head.checked, 7);
        assert!(read(&file, "https://other", "shop", 100).is_none());
        assert!(read(&file, "https://h", "other", 100).is_none());
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.pop();
        std::fs::write(&file, &bytes).unwrap();
        assert!(read(&file, "https://h", "shop", 100).is_none());
        std::fs::write(&file, b"\xff\xff").unwrap();
        assert!(read(&file, "https://h", "shop", 100).is_none());
    }
}

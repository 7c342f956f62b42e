//! CPE names by the pattern that CSAF's schema holds them to
//! ([NISTIR 7695](https://csrc.nist.gov/pubs/ir/7695/final) without its rarer liberties).

/// Whether the schema takes a CPE name.
pub(super) fn is_valid(text: &str) -> bool {
    is_uri(text) || is_formatted(text)
}

/// `cpe:/a:vendor:product:..`, CPE 2.2.
fn is_uri(text: &str) -> bool {
    let Some(rest) = text
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("cpe:/"))
        .and_then(|_| text.get(5..))
    else {
        return false;
    };
    let mut parts = rest.split(':');
    let part = parts.next().unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~%".contains(&byte);
    let first = part.is_empty()
        || (part.len() == 1 && part.starts_with(|c: char| "aho".contains(c.to_ascii_lowercase())));
    let rest: Vec<&str> = parts.collect();
    first && rest.len() <= 6 && rest.iter().all(|part| part.bytes().all(allowed))
}

/// `cpe:2.3:a:vendor:product:..`, a formatted string with all its eleven parts.
fn is_formatted(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else {
        return false;
    };
    let parts = parts(rest);
    let [part, five @ .., language, sixth, seventh, eighth, ninth] = parts.as_slice() else {
        return false;
    };
    five.len() == 5
        && matches!(*part, "a" | "h" | "o" | "*" | "-")
        && is_language(language)
        && five
            .iter()
            .chain([sixth, seventh, eighth, ninth])
            .all(|value| is_value(value))
}

/// Parted at colons that no backslash stands before.
fn parts(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        if byte == b':' && !escaped {
            all.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    all.push(text.get(start..).unwrap_or_default());
    all
}

fn is_language(text: &str) -> bool {
    let letters = |part: &str, sizes: [usize; 2]| {
        sizes.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    match text.split_once('-') {
        _ if matches!(text, "*" | "-") => true,
        None => letters(text, [2, 3]),
        Some((language, region)) => {
            let digits = region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_digit());
            letters(language, [2, 3]) && (letters(region, [2, 2]) || digits)
        }
    }
}

/// `*`, `-`, or characters with wildcards at either end.
fn is_value(text: &str) -> bool {
    if matches!(text, "*" | "-") {
        return true;
    }
    let start = text.trim_start_matches('?');
    let start = if start.len() == text.len() {
        start.strip_prefix('*').unwrap_or(start)
    } else {
        start
    };
    let mut bytes = start.bytes().peekable();
    let mut some = false;
    while let Some(&byte) = bytes.peek() {
        if matches!(byte, b'*' | b'?') {
            break;
        }
        bytes.next();
        some = true;
        let plain = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let quoted = byte == b'\\'
            && bytes
                .next()
                .is_some_and(|next| b"\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~".contains(&next));
        if !plain && !quoted {
            return false;
        }
    }
    let rest: Vec<u8> = bytes.collect();
    some && (rest == b"*" || rest.iter().all(|byte| *byte == b'?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_the_pattern() {
        for good in [
            "cpe:/a:apache:log4j:2.4:-",
            "cpe:/o:redhat:enterprise_linux:8::baseos",
            "CPE:/",
            "cpe:2.3:a:apache:log4j:2.4:-:*:*:*:*:*:*",
            r"cpe:2.3:a:a\:b:c\\:1.?:*:*:de-AT:*:*:*:*",
            "cpe:2.3:*:*:*x?:??a:-:*:*:*:*:*:*",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            "cpe",
            "cpe:/x:a",
            "cpe:/a:a:b:c:d:e:f:g",
            "cpe:/a:a b",
            "cpe:2.3:a:apache:log4j",
            "cpe:2.3:a:a b:c:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:**a:c:1:*:*:*:*:*:*:*",
            r"cpe:2.3:a:a\é:c:1:*:*:*:*:*:*:*",
            "cpe:2.3:a::c:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:?:c:1:*:*:*:*:*:*:*",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}

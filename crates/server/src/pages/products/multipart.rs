//! A form with a file in it (RFC 7578), read from the bytes of the request.

use memchr::memmem;

/// Fields of a form.
const MOST_PARTS: usize = 32;
/// Bytes of what stands above a field.
const MOST_HEAD: usize = 8_192;
/// Bytes of a field that is not a file.
const MOST_TEXT: usize = 20_000;

/// What a form held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form<'b> {
    /// Fields and their values.
    pub(super) fields: Vec<(String, String)>,
    /// The name of the file, as its sender has it.
    pub(super) file_name: String,
    /// The file.
    pub(super) file: Option<&'b [u8]>,
}

/// The boundary in a content type.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = rest.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (1..=70).contains(&value.len()).then_some(value)
}

/// A parameter of a header such as `form-data; name="file"; filename="a.json"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header;
    while let Some(at) = rest.find(';') {
        rest = rest[at + 1..].trim_start();
        let (name, value) = rest.split_once('=')?;
        let (value, behind) = if let Some(quoted) = value.strip_prefix('"') {
            // Browsers write a quote as %22, so that the next one ends it.
            quoted.split_once('"')?
        } else {
            let end = value.find(';').unwrap_or(value.len());
            (value[..end].trim(), &value[end..])
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.replace("%22", "\"").replace("%0D%0A", "\n"));
        }
        rest = behind;
    }
    None
}

/// Reads a form; `None` where it is none, breaks off, or has too much in it.
pub(super) fn read<'b>(bytes: &'b [u8], boundary: &str) -> Option<Form<'b>> {
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let between = memmem::Finder::new(&between);
    let mut rest = bytes.strip_prefix(opening.as_bytes())?;
    let mut form = Form::default();
    for _ in 0..MOST_PARTS {
        if rest.starts_with(b"--") {
            return Some(form);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = memmem::find(rest.get(..MOST_HEAD.min(rest.len()))?, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        let content = &rest[head_end + 4..];
        let end = between.find(content)?;
        let disposition = head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition")
                .then_some(value)
        })?;
        let name = parameter(disposition, "name")?;
        let value = &content[..end];
        if let Some(file_name) = parameter(disposition, "filename") {
            if name == "file" && form.file.is_none() && !(file_name.is_empty() && value.is_empty())
            {
                form.file = Some(value);
                form.file_name = file_name;
            }
        } else if value.len() <= MOST_TEXT {
            form.fields
                .push((name, std::str::from_utf8(value).ok()?.to_owned()));
        } else {
            return None;
        }
        rest = &content[end + opening.len() + 2..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--xyz\r\nContent-Disposition: form-data; name=\"product\"\r\n\r\nshöp\r\n--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a;%22b.json\"\r\nContent-Type: application/json\r\n\r\n{\"a\":\r\n--xy 1}\r\n--xyz--\r\n";

    #[test]
    fn fields_and_the_file_are_read() {
        let form = read(FORM.as_bytes(), "xyz").unwrap();
        assert_eq!(form.fields, [("product".to_owned(), "shöp".to_owned())]);
        assert_eq!(form.file_name, "a;\"b.json");
        assert_eq!(form.file, Some(&b"{\"a\":\r\n--xy 1}"[..]));
    }

    #[test]
    fn what_breaks_off_or_is_none_is_refused() {
        for end in 0..FORM.len() - 4 {
            assert_eq!(read(&FORM.as_bytes()[..end], "xyz"), None, "{end}");
        }
        assert_eq!(read(FORM.as_bytes(), "other"), None);
        assert_eq!(read(b"", ""), None);
        let many = "--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(40);
        assert_eq!(read(format!("{many}--b--").as_bytes(), "b"), None);
        let long = format!(
            "--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{}\r\n--b--",
            "x".repeat(MOST_TEXT + 1)
        );
        assert_eq!(read(long.as_bytes(), "b"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_and_nothing_else_makes_it_fall(
            fields in proptest::collection::vec(("[a-z_]{1,12}", "[^\r\n]{0,40}"), 0..8),
            file in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            cut in 0_usize..400,
        ) {
            let mut bytes = Vec::new();
            for (name, value) in &fields {
                bytes.extend_from_slice(format!("--frontier\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"--frontier\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n\r\n");
            bytes.extend_from_slice(&file);
            bytes.extend_from_slice(b"\r\n--frontier--\r\n");
            let form = read(&bytes, "frontier").unwrap();
            proptest::prop_assert_eq!(&form.fields, &fields);
            proptest::prop_assert_eq!(form.file, Some(&file[..]));
            // What breaks off, and what is none, is refused or read, and never more.
            read(&bytes[..cut.min(bytes.len())], "frontier");
            read(&noise, "frontier");
            read(&[b"--frontier\r\n", &noise[..], b"\r\n--frontier--"].concat(), "frontier");
        }
    }

    #[test]
    fn the_boundary_is_in_the_content_type() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"a b\"").as_deref(),
            Some("a b")
        );
        assert_eq!(
            boundary("Multipart/Form-Data; charset=utf-8; Boundary=----x").as_deref(),
            Some("----x")
        );
        for none in [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=a",
        ] {
            assert_eq!(boundary(none), None);
        }
    }
}

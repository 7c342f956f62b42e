//! A file over a bad line: streamed to disk, kept when torn, taken up again where it ended.
//!
//! Beside `destination` lie `destination.part` with the bytes so far, and `destination.part.info` with the address
//! and the server's name for the version that they belong to. They go on only when the server says that it is
//! still the same version ([RFC 9110, If-Range](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ureq::Body;
use ureq::http::{HeaderValue, Response, header};
use ureq::unversioned::transport::{Connector, DefaultConnector};

use crate::client::{Client, Failure, Sending, check_status};
use crate::url::Url;
use crate::watch::{End, Watch};
use crate::{NetError, NetErrorKind};

/// Which version of a file one has, as its server calls it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validator {
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
}

impl Validator {
    fn of(answer: &Response<Body>) -> Self {
        let read = |name| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .filter(|value| value.len() < 1024)
                .map(str::to_owned)
        };
        Self {
            etag: read(header::ETAG),
            last_modified: read(header::LAST_MODIFIED),
        }
    }

    /// What `If-Range` may carry: a strong tag, else a date.
    fn strong(&self) -> Option<&str> {
        self.etag
            .as_deref()
            .filter(|etag| !etag.starts_with("W/"))
            .or(self.last_modified.as_deref())
    }

    /// Whether there is nothing to ask with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// What a download came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Download {
    /// The server has nothing newer.
    NotModified,
    /// The file is there, whole.
    Done {
        /// To ask with the next time.
        validator: Validator,
        /// Its length.
        bytes: u64,
    },
}

/// The torn file.
struct Part {
    file: PathBuf,
    info: PathBuf,
    address: u64,
}

impl Part {
    fn of(destination: &Path, url: &Url) -> Self {
        let with = |end: &str| {
            let mut name = destination.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        // Not the address itself, which may hold a password.
        let mut hasher = DefaultHasher::new();
        url.uri.to_string().hash(&mut hasher);
        Self {
            file: with(".part"),
            info: with(".part.info"),
            address: hasher.finish(),
        }
    }

    /// The bytes so far and whose they are; `None` when they are of no use.
    fn known(&self) -> Option<(u64, Validator)> {
        let length = fs::metadata(&self.file).ok()?.len();
        let text = fs::read_to_string(&self.info).ok()?;
        let read = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
                .map(str::to_owned)
        };
        let validator = Validator {
            etag: read("etag"),
            last_modified: read("last-modified"),
        };
        (length > 0 && read("address")? == self.address.to_string() && validator.strong().is_some())
            .then_some((length, validator))
    }

    /// Starts over: an empty file, and whose bytes it will hold.
    fn start(&self, validator: &Validator) -> Result<File, NetErrorKind> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(io(folder))?;
        }
        let file = File::create(&self.file).map_err(io(&self.file))?;
        let mut info = format!("address: {}\n", self.address);
        for (key, value) in [
            ("etag", &validator.etag),
            ("last-modified", &validator.last_modified),
        ] {
            if let Some(value) = value {
                info.extend([key, ": ", value, "\n"]);
            }
        }
        fs::write(&self.info, info).map_err(io(&self.info))?;
        Ok(file)
    }

    fn go_on(&self) -> Result<File, NetErrorKind> {
        File::options()
            .append(true)
            .open(&self.file)
            .map_err(io(&self.file))
    }

    fn discard(&self) {
        // What cannot be removed is started over the next time.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.info);
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> NetErrorKind {
    let path = path.to_owned();
    move |source| NetErrorKind::Io { path, source }
}

impl Client {
    /// Fetches a file to `destination`, which appears there only when it is whole; at most `limit` bytes.
    ///
    /// With a `known` version, the server is asked for a newer one only. What a torn download has brought is kept
    /// beside `destination` and taken up by the next call, in this run or another. `progress` is told the bytes so far
    /// and, when it is known, how many there will be. Only one download to a destination may run at a time.
    pub fn download(
        &self,
        url: &str,
        destination: &Path,
        known: Option<&Validator>,
        limit: u64,
        progress: &dyn Fn(u64, Option<u64>),
    ) -> Result<Download, NetError> {
        self.trying(url, |url| {
            self.download_once(url, destination, known, limit, progress)
        })
    }

    fn download_once(
        &self,
        url: &Url,
        destination: &Path,
        known: Option<&Validator>,
        limit: u64,
        progress: &dyn Fn(u64, Option<u64>),
    ) -> Result<Download, Failure> {
        let part = Part::of(destination, url);
        let kept = part.known();
        // A connection of its own, closed after: see `watch`.
        let mut headers = vec![(header::CONNECTION, "close".to_owned())];
        if let Some((length, validator)) = &kept {
            headers.push((header::RANGE, format!("bytes={length}-")));
            headers.extend(
                validator
                    .strong()
                    .map(|validator| (header::IF_RANGE, validator.to_owned())),
            );
        } else if let Some(known) = known {
            headers.extend(
                known
                    .etag
                    .iter()
                    .map(|etag| (header::IF_NONE_MATCH, etag.clone())),
            );
            headers.extend(
                known
                    .last_modified
                    .iter()
                    .map(|date| (header::IF_MODIFIED_SINCE, date.clone())),
            );
        }
        let headers = headers
            .into_iter()
            .map(|(name, value)| Ok((name, HeaderValue::try_from(value)?)))
            .collect::<Result<Vec<_>, header::InvalidHeaderValue>>()
            .map_err(|_| {
                Failure::last(NetErrorKind::Unsendable("it names a broken version".into()))
            })?;
        let end = Arc::new(End::default());
        let watch = Watch {
            end: Arc::clone(&end),
            proxied: self.is_proxied(url),
        };
        let answer = self.send(
            &self.agent_over(DefaultConnector::default().chain(watch)),
            url,
            &Sending::get(&headers),
        )?;
        let validator = Validator::of(&answer);
        let (mut file, start, total) = match (answer.status().as_u16(), &kept) {
            (304, None) if known.is_some() => return Ok(Download::NotModified),
            (206, Some((length, before))) => {
                let range = answer
                    .headers()
                    .get(header::CONTENT_RANGE)
                    .and_then(|range| range.to_str().ok())
                    .and_then(content_range);
                let same = before.strong() == validator.strong() || validator.is_empty();
                let Some((_, total)) = range.filter(|(first, _)| *first == *length && same) else {
                    part.discard();
                    return Err(Failure::broken(
                        "the server gives another part than was asked for",
                    ));
                };
                let rest = answer
                    .body()
                    .content_length()
                    .map(|rest| length.saturating_add(rest));
                (
                    part.go_on().map_err(Failure::last)?,
                    *length,
                    total.or(rest),
                )
            }
            (416, Some(_)) => {
                part.discard();
                return Err(Failure::broken(
                    "the file is shorter than what has come of it",
                ));
            }
            (206 | 304, _) => {
                part.discard();
                return Err(Failure::broken(format!(
                    "the server answered {} unasked",
                    answer.status().as_u16()
                )));
            }
            _ => {
                check_status(&answer)?;
                let total = answer.body().content_length();
                if total.is_some_and(|total| total > limit) {
                    part.discard();
                    return Err(Failure::last(NetErrorKind::TooLarge { limit }));
                }
                (part.start(&validator).map_err(Failure::last)?, 0, total)
            }
        };
        if total.is_some_and(|total| total > limit) {
            part.discard();
            return Err(Failure::last(NetErrorKind::TooLarge { limit }));
        }
        // The version that the bytes belong to is the one of the first part.
        let validator = match &kept {
            Some((_, before)) if start > 0 && validator.is_empty() => before.clone(),
            _ => validator,
        };
        let gained = |failure: Failure, done: u64| Failure {
            gained: done - start,
            ..failure
        };
        let mut done = start;
        let mut reader = answer.into_body().into_reader();
        let mut buffer = vec![0; 64 * 1024];
        progress(done, total);
        loop {
            // The last read, which brings nothing, lets the connection go: by then it must be known that the body has come.
            if total.is_some_and(|total| done >= total) {
                end.body.store(true, Ordering::Relaxed);
            }
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Err(gained(self.body_failure(error, done > start), done)),
            };
            if done + count as u64 > limit {
                part.discard();
                return Err(Failure::last(NetErrorKind::TooLarge { limit }));
            }
            file.write_all(&buffer[..count])
                .map_err(|error| Failure::last(io(&part.file)(error)))?;
            done += count as u64;
            progress(done, total);
        }
        drop((reader, file));
        if total.is_some_and(|total| total != done) {
            if total.is_some_and(|total| done > total) {
                part.discard();
            }
            return Err(gained(
                Failure::broken(format!(
                    "{done} bytes came, {} were announced",
                    total.unwrap_or_default()
                )),
                done,
            ));
        }
        if end.more.load(Ordering::Relaxed) {
            return Err(gained(
                Failure::broken(format!("more came than the {done} bytes announced")),
                done,
            ));
        }
        fs::rename(&part.file, destination)
            .map_err(|error| Failure::last(io(destination)(error)))?;
        let _ = fs::remove_file(&part.info);
        Ok(Download::Done {
            validator,
            bytes: done,
        })
    }
}

/// First byte and whole length of `bytes 5-9/10`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total: Option<u64> = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    // A part that ends before the end would leave the file torn while it looks whole.
    (first <= last && total.is_none_or(|total| last.checked_add(1) == Some(total)))
        .then_some((first, total))
}

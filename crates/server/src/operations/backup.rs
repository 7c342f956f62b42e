//! A copy of everything while everybody works, and bringing it back.
//!
//! A backup is one `tar.zst`: the database as one file (`stanchion.db`), the blobs (`blobs/ab/cdef…`, each checked), the
//! portal's key, and last `manifest.json` with the hash of each. An archive without its manifest is not whole.

use stanchion_model::digest::hex;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stanchion_store::{Address, Store};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::{Engine, text_of};
use crate::http::{Json, Problem};
use crate::people::{Allowed, Backup};
use crate::portal::Portal;
use crate::seal;
use crate::slice::note;

/// The value of `schema`.
const SCHEMA: &str = "stanchion.backup/1";
/// The last file of an archive.
const MANIFEST: &str = "manifest.json";
/// Largest file that is brought back.
const MOST_FILE: u64 = 64 << 30;
/// Largest manifest.
const MOST_MANIFEST: u64 = 256 << 20;

pub(super) fn router() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(list, take))
}

/// What is in an archive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema: String,
    /// RFC 3339.
    pub(crate) taken: String,
    /// SHA-256 by name.
    pub(crate) files: BTreeMap<String, String>,
}

/// Why no copy could be made or brought back.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(String);

impl BackupError {
    fn of(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Copied {
    /// The file, in the portal's folder for copies.
    pub file: String,
    /// Documents in it.
    pub blobs: usize,
    /// Its length.
    pub bytes: u64,
}

/// A copy in the portal's folder for copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BackupFile)]
pub(crate) struct Lying {
    /// Its name.
    pub(crate) file: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// When it was written, RFC 3339.
    pub(crate) taken: String,
}

/// Copies that are listed at most.
const MOST_LISTED: usize = 200;

/// The copies in the folder `backups` of the portal's data folder, the latest first; at most 200.
#[utoipa::path(get, path = "/api/v1/backup", tag = "operations",
    responses((status = 200, body = [Lying]), Problem), extensions(("x-permission" = json!("backup"))))]
pub(crate) async fn list(
    State(portal): State<Portal>,
    _allowed: Allowed<Backup>,
) -> Result<Json<Vec<Lying>>, Problem> {
    portal
        .blocking(|portal| {
            let folder = portal.engine.options().data.join("backups");
            lying(&folder)
                .map(Json)
                .map_err(|error| Problem::internal(&error))
        })
        .await
}

fn lying(folder: &Path) -> io::Result<Vec<Lying>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let about = entry.metadata()?;
        if !about.is_file() || !file.ends_with(".tar.zst") || file.starts_with('.') {
            continue;
        }
        let written = about
            .modified()
            .ok()
            .and_then(|time| jiff::Timestamp::try_from(time).ok())
            .map_or(0, jiff::Timestamp::as_second);
        all.push((written, file, about.len()));
    }
    all.sort_by(|a, b| b.cmp(a));
    all.truncate(MOST_LISTED);
    Ok(all
        .into_iter()
        .map(|(written, file, bytes)| Lying {
            file,
            bytes,
            taken: text_of(written),
        })
        .collect())
}

/// Takes a copy of everything. It lies in the folder `backups` of the portal's data folder.
#[utoipa::path(post, path = "/api/v1/backup", tag = "operations",
    responses((status = 200, body = Copied), Problem), extensions(("x-permission" = json!("backup"))))]
pub(crate) async fn take(
    State(portal): State<Portal>,
    allowed: Allowed<Backup>,
) -> Result<Json<Copied>, Problem> {
    portal
        .blocking(move |portal| {
            let engine = &portal.engine;
            let folder = engine.options().data.join("backups");
            std::fs::create_dir_all(&folder).map_err(|error| Problem::internal(&error))?;
            let name: String = engine
                .now_text()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let file = folder.join(format!("stanchion-{name}.tar.zst"));
            let copied = copy(engine, &file).map_err(|error| {
                Problem::unavailable(crate::slice::sentence(&error.to_string()))
            })?;
            let now = engine.now();
            engine.store().write(|tx| {
                note(tx, now, &allowed, "backup", &copied.file, None, None).map_err(Problem::from)
            })?;
            Ok(Json(copied))
        })
        .await
}

/// [`copy`] by whoever runs the server, on its machine: written down in the log, so that the portal can say when the last
/// copy was taken.
pub fn copy_by_hand(engine: &Engine, file: &Path) -> Result<Copied, BackupError> {
    let copied = copy(engine, file)?;
    let now = engine.now();
    engine
        .store()
        .write(|tx| {
            stanchion_store::audit::record(
                tx,
                now,
                crate::people::admin::ACTOR,
                "backup",
                &copied.file,
                None,
                None,
            )
        })
        .map_err(|error: stanchion_store::StoreError| {
            BackupError::of(
                "the copy is there, but cannot be written into the log",
                &error,
            )
        })?;
    Ok(copied)
}

/// Writes everything into an archive, beside its place, and moves it there when it is whole.
pub fn copy(engine: &Engine, file: &Path) -> Result<Copied, BackupError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let wrong =
        |error: io::Error| BackupError::of(&format!("cannot write {}", file.display()), &error);
    let database = tempfile::Builder::new()
        .prefix(".copy-")
        .tempdir_in(folder)
        .map_err(wrong)?;
    let copy = database.path().join(stanchion_store::FILE);
    // Blobs first named are there before the row that names them: the database is copied first.
    engine
        .store()
        .copy_to(&copy)
        .map_err(|error| BackupError::of("cannot copy the database", &error))?;
    let archive = tempfile::Builder::new()
        .prefix(".backup-")
        .tempfile_in(folder)
        .map_err(wrong)?;
    let packed = zstd::stream::write::Encoder::new(archive, 3).map_err(wrong)?;
    let mut tar = tar::Builder::new(packed);
    let mut files = BTreeMap::new();
    let mut put = |tar: &mut tar::Builder<_>,
                   name: &str,
                   length: u64,
                   content: &mut dyn Read|
     -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(length);
        header.set_mode(0o600);
        header.set_cksum();
        let mut hashing = Hashing {
            inner: content,
            hasher: Sha256::new(),
        };
        tar.append_data(&mut header, name, &mut hashing)?;
        files.insert(name.to_owned(), hex(&hashing.hasher.finalize()));
        Ok(())
    };
    let mut content = std::fs::File::open(&copy).map_err(wrong)?;
    let length = content.metadata().map_err(wrong)?.len();
    put(&mut tar, stanchion_store::FILE, length, &mut content).map_err(wrong)?;
    let key = engine.options().data.join(seal::FILE);
    if key.is_file() {
        let key = std::fs::read(&key).map_err(wrong)?;
        put(&mut tar, seal::FILE, key.len() as u64, &mut key.as_slice()).map_err(wrong)?;
    }
    let mut blobs = 0;
    let list = engine
        .blobs()
        .list()
        .map_err(|error| BackupError::of("cannot list the documents", &error))?;
    for blob in list {
        let blob = blob.map_err(|error| BackupError::of("cannot list the documents", &error))?;
        let bytes = match engine.blobs().get(blob.digest, MOST_FILE) {
            Ok(bytes) => bytes,
            // Swept meanwhile.
            Err(stanchion_store::blobs::BlobError::Missing(_)) => continue,
            Err(error) => return Err(BackupError::of("cannot read a document", &error)),
        };
        put(
            &mut tar,
            &format!("blobs/{}", blob.digest),
            bytes.len() as u64,
            &mut bytes.as_slice(),
        )
        .map_err(wrong)?;
        blobs += 1;
    }
    let manifest = Manifest {
        schema: SCHEMA.into(),
        taken: engine.now_text(),
        files: std::mem::take(&mut files),
    };
    let manifest = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| BackupError::of("cannot write the manifest", &error))?;
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    tar.append_data(&mut header, MANIFEST, manifest.as_slice())
        .map_err(wrong)?;
    let mut archive = tar
        .into_inner()
        .and_then(zstd::stream::write::Encoder::finish)
        .map_err(wrong)?;
    archive.flush().map_err(wrong)?;
    archive.as_file().sync_all().map_err(wrong)?;
    let bytes = archive.as_file().metadata().map_err(wrong)?.len();
    archive.persist(file).map_err(|error| wrong(error.error))?;
    Ok(Copied {
        file: file.display().to_string(),
        blobs,
        bytes,
    })
}

/// Brings a copy back into an empty data folder: everything is read and checked beside it first.
pub fn restore(archive: &Path, data: &Path) -> Result<Copied, BackupError> {
    let unreadable =
        |error: io::Error| BackupError::of(&format!("cannot read {}", archive.display()), &error);
    if data.join(stanchion_store::FILE).exists() {
        return Err(BackupError(format!(
            "{} holds a portal already; name an empty folder with --data-dir",
            data.display()
        )));
    }
    std::fs::create_dir_all(data).map_err(unreadable)?;
    let beside = tempfile::Builder::new()
        .prefix(".restore-")
        .tempdir_in(data)
        .map_err(unreadable)?;
    let file = std::fs::File::open(archive).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut tar = tar::Archive::new(zstd::stream::read::Decoder::new(file).map_err(unreadable)?);
    let blobs = stanchion_store::blobs::folder::Folder::open(&beside.path().join("blobs"))
        .map_err(|error| BackupError::of("cannot make the folder of documents", &error))?;
    let blobs = stanchion_store::blobs::Blobs::Folder(blobs);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    let mut count = 0;
    for entry in tar.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry
            .path()
            .map_err(unreadable)?
            .to_string_lossy()
            .into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(BackupError(format!(
                "{} holds {name:?}, which is no file",
                archive.display()
            )));
        }
        let mut content = entry.take(MOST_FILE);
        match name.as_str() {
            MANIFEST => {
                let mut text = Vec::new();
                content
                    .take(MOST_MANIFEST)
                    .read_to_end(&mut text)
                    .map_err(unreadable)?;
                let read = serde_json::from_slice(&text)
                    .map_err(|error| BackupError::of("the manifest cannot be read", &error))?;
                manifest = Some(read);
            }
            stanchion_store::FILE | seal::FILE => {
                let path: PathBuf = beside.path().join(&name);
                let mut out = std::fs::File::create(&path).map_err(unreadable)?;
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt;
                    out.set_permissions(std::fs::Permissions::from_mode(0o600))
                        .map_err(unreadable)?;
                }
                let mut hashing = Hashing {
                    inner: &mut content,
                    hasher: Sha256::new(),
                };
                io::copy(&mut hashing, &mut out).map_err(unreadable)?;
                let hash = hex(&hashing.hasher.finalize());
                out.sync_all().map_err(unreadable)?;
                found.insert(name, hash);
            }
            _ => {
                let Some(digest) = name.strip_prefix("blobs/") else {
                    return Err(BackupError(format!(
                        "{} holds {name:?}, which is in no backup",
                        archive.display()
                    )));
                };
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).map_err(unreadable)?;
                let put = blobs
                    .put(&bytes)
                    .map_err(|error| BackupError::of("cannot write a document", &error))?;
                if put.to_string() != digest {
                    return Err(BackupError(format!(
                        "the document {digest} is not what it was"
                    )));
                }
                found.insert(name, put.to_string());
                count += 1;
            }
        }
    }
    let manifest = manifest.ok_or_else(|| {
        BackupError(format!(
            "{} is not whole: its manifest is missing",
            archive.display()
        ))
    })?;
    if manifest.schema != SCHEMA {
        return Err(BackupError(format!(
            "the backup is of schema {:?}, and {SCHEMA:?} is what is read",
            manifest.schema
        )));
    }
    if manifest.files != found {
        let odd = manifest
            .files
            .iter()
            .find(|(name, hash)| found.get(*name) != Some(hash))
            .map_or_else(String::new, |(name, _)| format!(": {name}"));
        return Err(BackupError(format!(
            "{} is not what was written{odd}",
            archive.display()
        )));
    }
    let check =
        Store::at(&Address::Folder(beside.path().to_owned()), 1).and_then(|store| store.check());
    match check {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => {
            return Err(BackupError(format!(
                "the database in it is damaged: {}",
                faults.join("; ")
            )));
        }
        Err(error) => {
            return Err(BackupError::of(
                "the database in it cannot be opened",
                &error,
            ));
        }
    }
    for name in ["blobs", seal::FILE, stanchion_store::FILE] {
        let from = beside.path().join(name);
        if from.exists() {
            std::fs::rename(&from, data.join(name))
                .map_err(|error| BackupError::of("cannot put it in place", &error))?;
        }
    }
    Ok(Copied {
        file: data.display().to_string(),
        blobs: count,
        bytes,
    })
}

pub(crate) struct Hashing<'r> {
    pub(crate) inner: &'r mut dyn Read,
    pub(crate) hasher: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

//! Stores for tests: an embedded one, and a real `PostgreSQL` from the system's package where there is one.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test has no other way"
)]

use std::path::PathBuf;

use tempfile::TempDir;

use crate::{Address, Store};

/// A store for one test, empty.
#[derive(Debug)]
pub struct Fresh {
    /// Which database, for messages.
    pub name: &'static str,
    /// The store.
    pub store: Store,
    /// Where it is.
    pub address: Address,
    _folder: Option<TempDir>,
}

/// One empty store of each database that is here. Without a `PostgreSQL` the tests run on `SQLite` alone and say so;
/// with `CI=true` it has to be there.
pub fn stores() -> Vec<Fresh> {
    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_mut, reason = "one more with the feature")
    )]
    let mut all = vec![sqlite()];
    #[cfg(feature = "postgres")]
    all.extend(postgres());
    all
}

/// An empty embedded store.
pub fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Folder(folder.path().to_owned());
    Fresh {
        name: "SQLite",
        store: Store::at(&address, 4).unwrap(),
        address,
        _folder: Some(folder),
    }
}

/// An empty database of a real server.
#[cfg(feature = "postgres")]
#[expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test has no other way"
)]
pub fn postgres() -> Option<Fresh> {
    let Some(cluster) = cluster() else {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "no PostgreSQL server here: .ci/setup installs it");
        eprintln!("skipped on PostgreSQL: no server program here (Debian: apt install postgresql)");
        return None;
    };
    let address = Address::Postgres(cluster.database(), None);
    Some(Fresh {
        name: "PostgreSQL",
        store: Store::at(&address, 4).unwrap(),
        address,
        _folder: None,
    })
}

/// A throw-away server. It ends with the test program: a shell waits for the end of its input and stops it then.
#[cfg(feature = "postgres")]
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    pid: PathBuf,
    count: std::sync::atomic::AtomicU32,
    shell: std::process::Child,
}

#[cfg(feature = "postgres")]
static CLUSTER: std::sync::OnceLock<Option<Cluster>> = std::sync::OnceLock::new();

/// The server of this test program, started by whoever asks first.
#[cfg(feature = "postgres")]
pub fn cluster() -> Option<&'static Cluster> {
    CLUSTER.get_or_init(Cluster::start).as_ref()
}

/// The folder of the server's programs.
#[cfg(feature = "postgres")]
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop()
}

#[cfg(feature = "postgres")]
impl Cluster {
    /// Starts one of its own.
    pub fn start() -> Option<Self> {
        use std::process::{Command, Stdio};
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("stanchion-pg")
            .tempdir()
            .unwrap()
            .keep();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let script = r#"
            set -e
            stop() {
                # What was started in the background is a shell that waits for the server; the server's own id is in its file.
                kill -INT "$(head -n 1 "$FOLDER/data/postmaster.pid" 2>/dev/null || echo "$server")" 2>/dev/null || true
                wait "$server" 2>/dev/null || true
            }
            trap 'stop; rm -rf "$FOLDER"; exit 0' TERM INT
            as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
            if [ "$(id -u)" = 0 ]; then chown postgres "$FOLDER"; fi
            chmod 755 "$FOLDER"
            cd "$FOLDER"
            as "$BIN/initdb" -D "$FOLDER/data" -U stanchion -A trust -E UTF8 --locale=C --no-sync >"$FOLDER/init.log" 2>&1
            start() { as "$BIN/postgres" -D "$FOLDER/data" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$FOLDER" \
                -c fsync=off -c synchronous_commit=on -c full_page_writes=off -c max_connections=200 -c shared_buffers=128MB >>"$FOLDER/log" 2>&1 </dev/null & server=$!; }
            start
            while read -r word; do
                case "$word" in
                    restart) stop; start ;;
                esac
            done
            stop
            rm -rf "$FOLDER"
        "#;
        let shell = Command::new("sh")
            .args(["-c", script])
            .env("FOLDER", &folder)
            .env("BIN", &programs)
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self {
            port,
            pid: folder.join("data/postmaster.pid"),
            count: std::sync::atomic::AtomicU32::new(0),
            shell,
        };
        cluster.ready().then_some(cluster)
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres://stanchion@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    fn ready(&self) -> bool {
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while std::time::Instant::now() < end {
            if self.pid.is_file()
                && postgres::Client::connect(&self.url("postgres"), postgres::NoTls).is_ok()
            {
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        false
    }

    /// A new empty database, and its address.
    pub fn database(&self) -> String {
        let number = self
            .count
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("t{number}");
        let mut client = postgres::Client::connect(&self.url("postgres"), postgres::NoTls).unwrap();
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        self.url(&name)
    }

    /// Stops the server in the middle of whatever it does, and starts it again.
    pub fn restart(&mut self) {
        use std::io::Write;
        let number = || {
            let text = std::fs::read_to_string(&self.pid).unwrap_or_default();
            text.lines().next().unwrap_or_default().to_owned()
        };
        let before = number();
        let mut input = self.shell.stdin.as_ref().unwrap();
        input.write_all(b"restart\n").unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while number().is_empty() || number() == before {
            assert!(std::time::Instant::now() < end, "it does not stop");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(self.ready());
    }
}

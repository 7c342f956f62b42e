//! What a reader hands over: packages, edges, and what it could not read.

use std::collections::HashSet;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Algorithm, Hash, Origin, ProblemKind, Scope};
use stanchion_model::purl::Purl;

/// A package that was added to a [`Found`], for edges.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Handle(pub(crate) u32);

/// A package as a reader sees it.
#[derive(Clone, Debug)]
pub struct Package {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) origin: Origin,
    pub(crate) direct: Option<bool>,
    pub(crate) scope: Scope,
    pub(crate) line: Option<u32>,
    pub(crate) file: Option<String>,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) licences: Vec<String>,
    pub(crate) qualifiers: Vec<(String, String)>,
    pub(crate) purl: Option<Purl>,
    pub(crate) release: Option<String>,
    pub(crate) yanked: bool,
}

impl Package {
    /// A package of an ecosystem, from its registry, for runtime, until said otherwise. The name is as the
    /// ecosystem writes it (`@scope/name`, `group:artifact`, a module path).
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        let version = version.into();
        Self {
            ecosystem,
            name: name.into(),
            version: (!version.is_empty()).then_some(version),
            origin: Origin::Registry,
            direct: None,
            scope: Scope::Runtime,
            line: None,
            file: None,
            hashes: Vec::new(),
            licences: Vec::new(),
            qualifiers: Vec::new(),
            purl: None,
            release: None,
            yanked: false,
        }
    }

    /// A package named by its purl, as SBOMs do.
    pub fn from_purl(purl: Purl) -> Self {
        let (ecosystem, release, name) = Ecosystem::of_purl(&purl);
        let mut package = Self::new(ecosystem, name, purl.version().unwrap_or_default());
        package.release = release;
        package.purl = Some(purl);
        package
    }

    /// The line that names it (1-based).
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = (line > 0).then_some(line);
        self
    }

    /// The file that names it, relative to the target, where that is not the file that is read (an include, a
    /// parent).
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// Why it is there.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Where its code comes from.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Whether the project itself asks for it.
    #[must_use]
    pub fn direct(mut self, direct: bool) -> Self {
        self.direct = Some(direct);
        self
    }

    /// Withdrawn from its registry.
    #[must_use]
    pub fn yanked(mut self, yanked: bool) -> Self {
        self.yanked = yanked;
        self
    }

    /// A purl qualifier; an empty value is left out.
    #[must_use]
    pub fn qualifier(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.qualifiers.push((key.to_owned(), value));
        }
        self
    }

    /// A declared licence; an empty one is left out.
    #[must_use]
    pub fn licence(mut self, licence: impl Into<String>) -> Self {
        let licence = licence.into();
        if !licence.trim().is_empty() {
            self.licences.push(licence);
        }
        self
    }

    /// A hash in hexadecimal, by any common name of its algorithm. Malformed ones are left out.
    #[must_use]
    pub fn hash(mut self, algorithm: &str, hex: &str) -> Self {
        self.add_hash(algorithm, hex);
        self
    }

    /// As [`Package::hash`], for a package that was added before.
    pub fn add_hash(&mut self, algorithm: &str, hex: &str) {
        self.hashes.extend(hex_hash(algorithm, hex));
    }

    /// Hashes in [subresource integrity](https://www.w3.org/TR/SRI/) form: `sha512-BASE64 sha1-BASE64`.
    #[must_use]
    pub fn integrity(mut self, text: &str) -> Self {
        for part in text.split_ascii_whitespace() {
            let Some((algorithm, rest)) = part.split_once('-') else {
                continue;
            };
            let base64 = rest.split('?').next().unwrap_or(rest);
            // The usual ones first: lockfiles have thousands of them.
            let algorithm = match algorithm {
                "sha512" => Some(Algorithm::Sha512),
                "sha1" => Some(Algorithm::Sha1),
                other => Algorithm::from_word(other),
            };
            if let (Some(algorithm), Some(bytes)) = (algorithm, from_base64(base64))
                && bytes.len() == algorithm.size()
            {
                // Most packages have one hash: no room for three more.
                if self.hashes.is_empty() {
                    self.hashes.reserve_exact(1);
                }
                self.hashes.push(Hash {
                    algorithm,
                    hex: to_hex(&bytes),
                });
            }
        }
        self
    }
}

fn told_last(reason: String) -> FoundProblem {
    FoundProblem {
        kind: ProblemKind::Unreadable,
        path: None,
        line: None,
        reason,
        hint: None,
    }
}

fn hex_hash(algorithm: &str, hex: &str) -> Option<Hash> {
    let algorithm = Algorithm::from_word(algorithm)?;
    let good =
        hex.len() == algorithm.size() * 2 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| Hash {
        algorithm,
        hex: hex.to_ascii_lowercase(),
    })
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.extend([
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Values of the base64 digits, of the plain and of the URL alphabet; 255 for what is none.
const BASE64: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 64 {
        let digit = match value {
            0..26 => b'A' + value,
            26..52 => b'a' + value - 26,
            52..62 => b'0' + value - 52,
            62 => b'+',
            _ => b'/',
        };
        table[digit as usize] = value;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Standard base64 with or without padding; `None` for anything else.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut bits = 0u32;
    let mut have = 0;
    for byte in text.trim_end_matches('=').bytes() {
        let value = BASE64[usize::from(byte)];
        if value == 255 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    Some(out)
}

#[derive(Clone, Debug)]
pub(crate) struct FoundProblem {
    pub(crate) kind: ProblemKind,
    pub(crate) path: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

/// What a reader found in one file.
#[derive(Debug, Default)]
pub struct Found {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) document: bool,
    pub(crate) packages: Vec<Package>,
    pub(crate) edges: Vec<(u32, u32)>,
    pub(crate) optional: HashSet<(u32, u32)>,
    pub(crate) declared: Vec<(u32, Scope)>,
    pub(crate) problems: Vec<FoundProblem>,
    pub(crate) facts: Vec<(String, String, Option<u32>)>,
    pub(crate) files: Vec<String>,
    pub(crate) absorbed: Vec<String>,
    pub(crate) root: Option<String>,
    room: Room,
    /// What stands in for a package for which there is no room.
    spare: Option<Box<Package>>,
    untold: usize,
    over: bool,
}

/// How much one file may give. Lockfiles take some hundred bytes a package; what names one in every few bytes is
/// made to fill memory.
#[derive(Clone, Copy, Debug)]
struct Room {
    packages: usize,
    edges: usize,
    facts: usize,
}

/// Problems of one file that are told one by one.
const PROBLEMS: usize = 1000;
const NO_ROOM: u32 = u32::MAX;

impl Default for Room {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Room {
    const fn of(bytes: usize) -> Self {
        let packages = 20_000 + bytes / 100;
        Self {
            packages: if packages < 300_000 {
                packages
            } else {
                300_000
            },
            edges: 500_000 + bytes / 10,
            facts: 20_000,
        }
    }
}

impl Found {
    /// With the room that a text of so many bytes has.
    pub(crate) fn for_text(bytes: usize) -> Self {
        Self {
            room: Room::of(bytes),
            ..Self::default()
        }
    }

    /// Says what there was no room for.
    pub(crate) fn close(&mut self) {
        let most = self.room.packages;
        if self.spare.take().is_some() || self.over {
            self.problems.push(told_last(format!(
                "more than {most} packages, too many for its size; the others were not taken in"
            )));
        }
        if self.edges.len() >= self.room.edges {
            self.problems.push(told_last(format!(
                "more than {} relations between packages; the others were not taken in",
                self.room.edges
            )));
        }
        if self.untold > 0 {
            self.problems.push(told_last(format!(
                "{} more problems, which are not told one by one",
                self.untold
            )));
        }
    }

    /// Whether there is no room for another package. A reader that asks has one, which is told as left out: it may
    /// stop there.
    pub(crate) fn full(&mut self) -> bool {
        self.over |= self.packages.len() >= self.room.packages;
        self.over
    }

    fn tell(&mut self, problem: FoundProblem) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        } else {
            self.untold += 1;
        }
    }

    /// What the project calls itself; the first one said holds.
    pub fn project(&mut self, name: Option<&str>, version: Option<&str>) {
        let keep = |text: Option<&str>| {
            text.filter(|text| !text.trim().is_empty())
                .map(str::to_owned)
        };
        self.name = self.name.take().or_else(|| keep(name));
        self.version = self.version.take().or_else(|| keep(version));
    }

    /// The file is a document about a product of its own (an SBOM), not a part of its folder's project.
    pub fn document(&mut self) {
        self.document = true;
    }

    /// The folder whose project the file belongs to, where that is not its own: `requirements/dev.txt` speaks for
    /// the folder above.
    pub fn belongs_to(&mut self, folder: &str) {
        self.root = Some(folder.to_owned());
    }

    /// Adds a package.
    pub fn add(&mut self, package: Package) -> Handle {
        if self.packages.len() >= self.room.packages {
            self.spare = Some(Box::new(package));
            return Handle(NO_ROOM);
        }
        self.packages.push(package);
        Handle(self.packages.len() as u32 - 1)
    }

    /// The package behind a handle, to change it.
    pub fn package(&mut self, handle: Handle) -> &mut Package {
        match self.packages.get_mut(handle.0 as usize) {
            Some(package) => package,
            None => self
                .spare
                .get_or_insert_with(|| Box::new(Package::new(Ecosystem::Generic, "", ""))),
        }
    }

    /// The first package needs the second.
    pub fn depend(&mut self, from: Handle, to: Handle) {
        let real = from.0 != NO_ROOM && to.0 != NO_ROOM;
        if from != to && real && self.edges.len() < self.room.edges {
            self.edges.push((from.0, to.0));
        }
    }

    /// The first package uses the second where it is there: scopes spread over the edge as optional at most.
    pub fn depend_optionally(&mut self, from: Handle, to: Handle) {
        let before = self.edges.len();
        self.depend(from, to);
        if self.edges.len() > before {
            self.optional.insert((from.0, to.0));
        }
    }

    /// The project itself asks for a package, for this reason. Marks it direct, and marks all others as not
    /// direct once [`Found::spread_scopes`] is called.
    pub fn declare(&mut self, handle: Handle, scope: Scope) {
        let package = self.package(handle);
        if package.origin != Origin::Own {
            package.direct = Some(true);
        }
        // A package may be declared again and again; once for each reason is enough to spread it.
        if handle.0 != NO_ROOM && self.declared.last() != Some(&(handle.0, scope)) {
            self.declared.push((handle.0, scope));
        }
    }

    /// Gives every package the strongest scope by which the project reaches it over the edges, starting from
    /// what was [declared](Found::declare) and from the project's own packages (runtime). Call it when the
    /// format has edges but no scopes. A package that nothing reaches keeps its scope.
    ///
    /// An edge from one of the project's own packages to a declared one carries nothing: its declaration says why.
    pub fn spread_scopes(&mut self) {
        let count = self.packages.len();
        let mut declared = vec![false; count];
        for &(id, _) in &self.declared {
            declared[id as usize] = true;
        }
        let mut next: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut weaker: Vec<Vec<u32>> =
            vec![Vec::new(); if self.optional.is_empty() { 0 } else { count }];
        for &(from, to) in &self.edges {
            if declared[to as usize] && self.packages[from as usize].origin == Origin::Own {
                continue;
            }
            if !self.optional.is_empty() && self.optional.contains(&(from, to)) {
                weaker[from as usize].push(to);
            } else {
                next[from as usize].push(to);
            }
        }
        let mut best: Vec<Option<Scope>> = vec![None; count];
        let mut optional = Vec::new();
        for scope in [
            Scope::Runtime,
            Scope::Optional,
            Scope::Build,
            Scope::Test,
            Scope::Dev,
        ] {
            let mut stack: Vec<u32> = self
                .declared
                .iter()
                .filter(|(_, why)| *why == scope)
                .map(|(id, _)| *id)
                .collect();
            if scope == Scope::Optional {
                stack.append(&mut optional);
            }
            while let Some(id) = stack.pop() {
                let slot = &mut best[id as usize];
                if slot.is_none() {
                    *slot = Some(scope);
                    stack.extend(&next[id as usize]);
                    if let Some(weaker) = weaker.get(id as usize) {
                        if scope == Scope::Runtime {
                            &mut optional
                        } else {
                            &mut stack
                        }
                        .extend(weaker);
                    }
                }
            }
        }
        for (package, scope) in self.packages.iter_mut().zip(best) {
            if let Some(scope) = scope {
                package.scope = scope;
            }
            if package.direct.is_none() && package.origin != Origin::Own {
                package.direct = Some(false);
            }
        }
    }

    /// Marks what no package needs as direct: for formats that hold nothing but what is needed, when the
    /// manifest that says who asks is not at hand. Of the others nothing is known.
    pub fn unneeded_are_direct(&mut self) {
        let mut needed = vec![false; self.packages.len()];
        for &(_, to) in &self.edges {
            needed[to as usize] = true;
        }
        for (package, needed) in self.packages.iter_mut().zip(needed) {
            if !needed && package.direct.is_none() && package.origin != Origin::Own {
                package.direct = Some(true);
            }
        }
    }

    /// Something that could not be read, resolved or matched; line 0 when it has none.
    pub fn problem(&mut self, kind: ProblemKind, line: u32, reason: impl Into<String>) {
        self.problem_with_hint(kind, line, reason, None);
    }

    /// As [`Found::problem`], with what to do next.
    pub fn problem_with_hint(
        &mut self,
        kind: ProblemKind,
        line: u32,
        reason: impl Into<String>,
        hint: Option<&str>,
    ) {
        let line = (line > 0).then_some(line);
        self.tell(FoundProblem {
            kind,
            path: None,
            line,
            reason: reason.into(),
            hint: hint.map(str::to_owned),
        });
    }

    /// As [`Found::problem`], in another file (a sibling that was read along).
    pub fn problem_in(
        &mut self,
        path: &str,
        kind: ProblemKind,
        line: u32,
        reason: impl Into<String>,
    ) {
        let line = (line > 0).then_some(line);
        self.tell(FoundProblem {
            kind,
            path: Some(path.to_owned()),
            line,
            reason: reason.into(),
            hint: None,
        });
    }

    /// Anything else worth knowing, by a fixed word (`registry`, `toolchain`, ...); line 0 when it has none.
    pub fn fact(&mut self, kind: &str, value: impl Into<String>, line: u32) {
        if self.facts.len() >= self.room.facts {
            self.untold += 1;
            return;
        }
        self.facts
            .push((kind.to_owned(), value.into(), (line > 0).then_some(line)));
    }

    /// As [`Found::fact`], told for the first place alone. The value is given in parts, since most are known already.
    pub fn fact_once(&mut self, kind: &str, parts: [&str; 3], line: u32) {
        let is_told = |told: &str| {
            let rest = parts
                .iter()
                .try_fold(told, |told, part| told.strip_prefix(part));
            rest == Some("")
        };
        if !self
            .facts
            .iter()
            .any(|(known, told, _)| known == kind && is_told(told))
        {
            self.fact(kind, parts.concat(), line);
        }
    }

    /// Another file that was read along (relative to the target), so that nobody reads or misses it again.
    pub fn also_read(&mut self, path: &str) {
        self.files.push(path.to_owned());
    }

    /// As [`Found::also_read`], for a file whose whole content was taken in here (an include): what a reader makes
    /// of it alone is dropped.
    pub fn absorb(&mut self, path: &str) {
        self.also_read(path);
        self.absorbed.push(path.to_owned());
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_spread_over_edges_strongest_first() {
        let mut found = Found::default();
        let add =
            |found: &mut Found, name: &str| found.add(Package::new(Ecosystem::Npm, name, "1"));
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| add(&mut found, name));
        found.depend(a, c);
        found.depend(b, c);
        found.depend(b, d);
        found.depend(d, b);
        found.declare(a, Scope::Runtime);
        found.declare(b, Scope::Dev);
        found.spread_scopes();
        let scopes: Vec<_> = found
            .packages
            .iter()
            .map(|package| (package.scope, package.direct))
            .collect();
        let want = [
            (Scope::Runtime, true),
            (Scope::Dev, true),
            (Scope::Runtime, false),
            (Scope::Dev, false),
        ];
        assert_eq!(scopes, want.map(|(scope, direct)| (scope, Some(direct))));
    }

    #[test]
    fn optional_edges_weaken_and_own_edges_leave_the_scope_to_the_declaration() {
        let mut found = Found::default();
        let add =
            |found: &mut Found, name: &str| found.add(Package::new(Ecosystem::Npm, name, "1"));
        let [own, a, b, c, d] = ["own", "a", "b", "c", "d"].map(|name| add(&mut found, name));
        found.package(own).origin = Origin::Own;
        found.declare(own, Scope::Runtime);
        found.declare(a, Scope::Runtime);
        found.declare(d, Scope::Dev);
        found.depend(own, a);
        found.depend(own, d);
        found.depend_optionally(a, b);
        found.depend(b, c);
        found.depend_optionally(d, c);
        found.spread_scopes();
        let scopes: Vec<_> = found.packages.iter().map(|package| package.scope).collect();
        assert_eq!(
            scopes,
            [
                Scope::Runtime,
                Scope::Runtime,
                Scope::Optional,
                Scope::Optional,
                Scope::Dev
            ]
        );
    }

    #[test]
    fn what_there_is_no_room_for_is_told_and_joins_nothing() {
        let mut found = Found::default();
        let first = found.add(Package::new(Ecosystem::Npm, "first", "1"));
        let last = (0..30_000).fold(first, |_, n| {
            found.problem(ProblemKind::Odd, n, "odd");
            found.add(Package::new(Ecosystem::Npm, n.to_string(), "1"))
        });
        found.depend(first, last);
        found.depend_optionally(last, first);
        found.declare(last, Scope::Dev);
        found.package(last).scope = Scope::Test;
        found.spread_scopes();
        found.close();
        assert_eq!((found.packages.len(), found.edges.len()), (20_000, 0));
        let told: Vec<&str> = found
            .problems
            .iter()
            .skip(1000)
            .map(|problem| problem.reason.as_str())
            .collect();
        assert_eq!(
            told,
            [
                "more than 20000 packages, too many for its size; the others were not taken in",
                "29000 more problems, which are not told one by one"
            ]
        );
    }

    #[test]
    fn what_nothing_needs_is_asked_for() {
        let mut found = Found::default();
        let [a, b] = ["a", "b"].map(|name| found.add(Package::new(Ecosystem::Npm, name, "1")));
        found.depend(a, b);
        found.unneeded_are_direct();
        assert_eq!(
            found
                .packages
                .iter()
                .map(|package| package.direct)
                .collect::<Vec<_>>(),
            [Some(true), None]
        );
    }

    #[test]
    fn integrity_becomes_hexadecimal() {
        let package = Package::new(Ecosystem::Npm, "a", "1")
            .integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= junk sha512-AAAA");
        assert_eq!(package.hashes.len(), 1);
        assert_eq!(
            package.hashes[0].hex,
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        );
    }

    #[test]
    fn malformed_hashes_are_left_out() {
        let package = Package::new(Ecosystem::Npm, "a", "1")
            .hash("sha256", "zz")
            .hash("crc", "00")
            .hash("md5", &"AB".repeat(16));
        assert_eq!(package.hashes[0].hex, "ab".repeat(16));
        assert_eq!(package.hashes.len(), 1);
    }
}

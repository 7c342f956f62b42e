//! Maven's `pom.xml`: <https://maven.apache.org/pom.html>.
//!
//! What a POM names itself or inherits is told, resolved as far as the target goes: parents by `relativePath` or
//! by name among the target's POMs, properties, managed versions and imported bills of materials. Nothing is
//! fetched: what hangs on a parent, a bill or a property that is not there is listed without a version, and told.
//! What those dependencies need in turn is not in a POM; that is told too, as for a manifest without a lockfile.
//!
//! Scopes: `compile`, `runtime` and `system` run; `provided` is there while it is built (the container brings its
//! own); plug-ins, their dependencies and extensions run while it is built. Profiles count when they are active by
//! default. Modules of the target are the project's own, whatever version is asked for. Exclusions take away what
//! others need and change nothing here.

mod model;
mod poms;
mod resolve;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Origin, ProblemKind, Scope};
use stanchion_tree::join;

use self::model::{Dependency, Plugin, Pom};
use self::poms::Poms;
use self::resolve::{Effective, Key, Managed, Management};
use super::python::redacted;
use crate::extract::{About, Capabilities, Extractor, Input, matches};
use crate::found::{Found, Handle, Package};

/// Reads `pom.xml`.
pub(super) struct MavenPom;

static ABOUT: About = About {
    id: "maven/pom",
    title: "pom.xml, model 4.0 and 4.1, with the parents and bills of materials in the target",
    files: &["pom.xml", "*.pom"],
    ecosystem: Some(Ecosystem::Maven),
    specification: "https://maven.apache.org/pom.html",
    capabilities: Capabilities {
        edges: true,
        scopes: true,
        direct: true,
        lines: true,
        hashes: false,
        licences: true,
    },
};

const HINT: &str = "write an SBOM with the CycloneDX plug-in (`mvn org.cyclonedx:cyclonedx-maven-plugin:makeAggregateBom`) and scan that as well";

fn wants(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ABOUT.files.iter().any(|pattern| matches(pattern, name))
}

impl Extractor for MavenPom {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn extract(&self, input: &Input<'_>, found: &mut Found) {
        let cell: Arc<OnceLock<Poms>> = input.shared.once(|| Poms::of(input, wants));
        let none = Poms::default();
        let poms = cell.get().unwrap_or(&none);
        let pom = match poms.at(input.path) {
            Some(pom) => pom.clone(),
            None => Arc::new(Pom::read(input.path, input.text, &input.limits)),
        };
        for (line, reason, matters) in &pom.wrong {
            let kind = if *matters {
                ProblemKind::Unreadable
            } else {
                ProblemKind::Odd
            };
            found.problem(kind, *line, reason.clone());
        }
        Reader {
            effective: Effective::new(&pom, poms, input),
            poms,
            input,
            own: None,
            open: Vec::new(),
            foreign: false,
        }
        .read(&pom, found);
    }
}

struct Reader<'p, 'i> {
    effective: Effective<'p, 'i>,
    poms: &'p Poms,
    input: &'p Input<'i>,
    own: Option<Handle>,
    /// Plug-ins without a version: name and line.
    open: Vec<(String, u32)>,
    foreign: bool,
}

impl Reader<'_, '_> {
    fn read(mut self, pom: &Pom, found: &mut Found) {
        let version = pom.version().map(|version| self.effective.best(version));
        found.project(Some(&pom.artifact), version.as_deref());
        if let (Some(group), false) = (pom.group(), pom.artifact.is_empty()) {
            let name = format!(
                "{}:{}",
                self.effective.best(group),
                self.effective.best(&pom.artifact)
            );
            let mut package = Package::new(Ecosystem::Maven, name, version.unwrap_or_default())
                .origin(Origin::Own)
                .line(pom.line);
            for licence in &pom.licences {
                package = package.licence(licence.as_str());
            }
            self.own = Some(found.add(package));
        }
        for parent in self.effective.line.poms.iter().skip(1) {
            found.also_read(&parent.path);
        }
        self.surroundings(pom, found);
        self.dependencies(found);
        self.plugins(found);
        if let Some((first, line)) = self.open.first() {
            let more = self.open.len() - 1;
            let others = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            found.problem(
                ProblemKind::Unresolved,
                *line,
                format!("the plug-in {first}{others} has no version, so it is not matched"),
            );
        }
        // Told once for a project of many modules, by its topmost POM.
        if (self.foreign || !pom.modules.is_empty())
            && !self.poms.lies_below_another(self.input.folder())
        {
            let reason = "a pom.xml names only what the project asks for itself: what those dependencies need is not known and not matched";
            found.problem_with_hint(ProblemKind::Unresolved, 0, reason, Some(HINT));
        }
    }

    /// Parents and modules that are not here, and registries.
    fn surroundings(&self, pom: &Pom, found: &mut Found) {
        let line = &self.effective.line;
        if let Some((last, parent)) = line
            .broken
            .and_then(|at| line.poms.get(at))
            .and_then(|last| Some((last, last.parent.as_ref()?)))
        {
            let version = parent.version.as_deref().unwrap_or("?");
            let reason = format!(
                "the parent {}:{}:{version} is not in the scanned folder, so what it asks for and the versions it manages are not known",
                parent.group, parent.artifact
            );
            problem(self.input, found, &last.path, parent.line, reason);
        }
        for (module, line) in &pom.modules {
            let place = join(self.input.folder(), module);
            let there = place.is_some_and(|place| {
                self.input.tree.is_file(&place)
                    || join(&place, "pom.xml").is_some_and(|path| self.input.tree.is_file(&path))
            });
            if !there {
                found.problem(
                    ProblemKind::Unresolved,
                    *line,
                    format!("the module {module} is not in the scanned folder"),
                );
            }
        }
        for (url, line) in &pom.repositories {
            if !url.contains("repo.maven.apache.org") && !url.contains("repo1.maven.org") {
                found.fact("registry", redacted(url), *line);
            }
        }
    }

    fn dependencies(&mut self, found: &mut Found) {
        let poms = self.effective.line.poms.clone();
        let all = || {
            poms.iter()
                .flat_map(|pom| pom.dependencies.iter().map(move |it| (pom, it)))
        };
        // What says its version may still take its scope from what is managed.
        let open = all().filter(|(_, it)| it.version.is_none() || it.scope.is_none());
        let names: HashSet<String> = open
            .map(|(_, it)| self.effective.best(&it.artifact).into_owned())
            .collect();
        let management = self.effective.management(&names);
        for (path, line, name) in &management.absent {
            let reason = format!(
                "the bill of materials {name} is not in the scanned folder, so the versions it manages are not known"
            );
            problem(self.input, found, path, *line, reason);
        }
        let mut seen: HashSet<Key> = HashSet::new();
        for (pom, dependency) in all() {
            let key = self.effective.key(dependency);
            if !seen.insert(key.clone()) {
                continue;
            }
            if key.group.is_empty() || key.artifact.is_empty() {
                let reason = "a dependency without groupId or artifactId".to_owned();
                problem(self.input, found, &pom.path, dependency.line, reason);
                continue;
            }
            let managed = management.by_key.get(&key);
            let package = self.package(pom, dependency, &key, managed, &management, found);
            self.foreign |= package.origin != Origin::Own;
            let handle = found.add(package);
            if let Some(own) = self.own {
                found.depend(own, handle);
            }
        }
    }

    fn package(
        &self,
        pom: &Pom,
        dependency: &Dependency,
        key: &Key,
        managed: Option<&Managed>,
        management: &Management,
        found: &mut Found,
    ) -> Package {
        let name = format!("{}:{}", key.group, key.artifact);
        let scope = dependency
            .scope
            .as_deref()
            .or_else(|| managed.and_then(|it| it.scope.as_deref()));
        let optional = dependency
            .optional
            .as_deref()
            .or_else(|| managed.and_then(|it| it.optional.as_deref()));
        let optional =
            optional.is_some_and(|it| self.effective.best(it).eq_ignore_ascii_case("true"));
        let scope = match scope.map(|scope| self.effective.best(scope)).as_deref() {
            Some("test") => Scope::Test,
            Some("provided") => Scope::Build,
            _ if optional => Scope::Optional,
            _ => Scope::Runtime,
        };
        let own = self.poms.builds(&key.group, &key.artifact);
        let written = dependency.version.as_deref().map(|version| {
            self.effective
                .text(version)
                .map(std::borrow::Cow::into_owned)
        });
        let version = match written.or_else(|| managed.and_then(|it| it.version.clone())) {
            Some(version) => version.and_then(|version| exact(&version)),
            None if self.effective.line.broken.is_some() || !management.absent.is_empty() => {
                Err("its version is managed by a POM that is not in the scanned folder".to_owned())
            }
            None => Err("it has no version".to_owned()),
        };
        let version = version.unwrap_or_else(|reason| {
            if !own {
                problem(
                    self.input,
                    found,
                    &pom.path,
                    dependency.line,
                    format!("{name} is not pinned, so it is not matched: {reason}"),
                );
            }
            String::new()
        });
        let mut package = Package::new(Ecosystem::Maven, name, version)
            .scope(scope)
            .line(dependency.line)
            .qualifier("classifier", key.classifier.as_str());
        if key.kind != "jar" {
            package = package.qualifier("type", key.kind.as_str());
        }
        if pom.path != self.input.path {
            package = package.in_file(&pom.path);
        }
        if own {
            package.origin(Origin::Own)
        } else {
            package.direct(true)
        }
    }

    fn plugins(&mut self, found: &mut Found) {
        let poms = self.effective.line.poms.clone();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        let mut managed: HashMap<(String, String), &Plugin> = HashMap::new();
        for plugin in poms.iter().flat_map(|pom| &pom.managed_plugins) {
            let key = self.effective.key(&plugin.it);
            managed.entry((key.group, key.artifact)).or_insert(plugin);
        }
        for (pom, plugin) in poms
            .iter()
            .flat_map(|pom| pom.plugins.iter().map(move |plugin| (pom, plugin)))
        {
            let key = self.effective.key(&plugin.it);
            if key.artifact.is_empty() || !seen.insert((key.group.clone(), key.artifact.clone())) {
                continue;
            }
            let managed = managed
                .get(&(key.group.clone(), key.artifact.clone()))
                .copied();
            let version = plugin
                .it
                .version
                .as_deref()
                .or_else(|| managed.and_then(|managed| managed.it.version.as_deref()));
            let handle = self.tool(pom, &plugin.it, &key, version, found);
            let more = managed.map_or(&[][..], |managed| &managed.dependencies);
            for dependency in plugin.dependencies.iter().chain(more) {
                let key = self.effective.key(dependency);
                if !key.group.is_empty() && !key.artifact.is_empty() {
                    let needed =
                        self.tool(pom, dependency, &key, dependency.version.as_deref(), found);
                    found.depend(handle, needed);
                }
            }
        }
    }

    /// A plug-in, or what one is given.
    fn tool(
        &mut self,
        pom: &Pom,
        it: &Dependency,
        key: &Key,
        version: Option<&str>,
        found: &mut Found,
    ) -> Handle {
        let name = format!("{}:{}", key.group, key.artifact);
        let own = self.poms.builds(&key.group, &key.artifact);
        let version = version.map(|version| {
            self.effective
                .text(version)
                .and_then(|version| exact(&version))
        });
        let version = match version {
            Some(Ok(version)) => version,
            _ if own => String::new(),
            Some(Err(reason)) => {
                problem(
                    self.input,
                    found,
                    &pom.path,
                    it.line,
                    format!("{name} is not pinned, so it is not matched: {reason}"),
                );
                String::new()
            }
            None => {
                self.open.push((
                    name.clone(),
                    if pom.path == self.input.path {
                        it.line
                    } else {
                        0
                    },
                ));
                String::new()
            }
        };
        let mut package = Package::new(Ecosystem::Maven, name, version)
            .scope(Scope::Build)
            .line(it.line);
        if pom.path != self.input.path {
            package = package.in_file(&pom.path);
        }
        let handle = found.add(if own {
            package.origin(Origin::Own)
        } else {
            package.direct(true)
        });
        if let Some(from) = self.own {
            found.depend(from, handle);
        }
        handle
    }
}

/// Tells a problem in the file that is read or in a parent of it.
fn problem(input: &Input<'_>, found: &mut Found, path: &str, line: u32, reason: String) {
    if path == input.path {
        found.problem(ProblemKind::Unresolved, line, reason);
    } else {
        found.problem_in(path, ProblemKind::Unresolved, line, reason);
    }
}

/// The one version that a [requirement](https://maven.apache.org/pom.html#dependency-version-requirement-specification)
/// allows, else why it allows several.
fn exact(text: &str) -> Result<String, String> {
    let text = text.trim();
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .map(str::trim);
    if let Some(version) =
        inner.filter(|inner| !inner.is_empty() && !inner.contains([',', '[', '(', ')', ']']))
    {
        return Ok(version.to_owned());
    }
    if text.is_empty() {
        Err("its version is empty".to_owned())
    } else if text.contains(['[', '(', ']', ')', ',']) || matches!(text, "LATEST" | "RELEASE") {
        Err(format!("{text} allows several versions"))
    } else if text
        .contains(|c: char| c.is_whitespace() || matches!(c, '&' | '<' | '>' | '$' | '{' | '}'))
    {
        Err(format!("{text:?} is no version"))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests;

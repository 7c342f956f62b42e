//! A POM as it is written: <https://maven.apache.org/pom.html>. Nothing is inherited or resolved here.

use std::collections::HashMap;

use stanchion_syntax::xml::{Element, XmlDocument};
use stanchion_syntax::{Limits, xml};

/// The group of plug-ins that name none.
const PLUGINS: &str = "org.apache.maven.plugins";

/// One `pom.xml`.
#[derive(Debug, Default)]
pub(super) struct Pom {
    /// Relative to the target.
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    pub(super) parent: Option<Parent>,
    pub(super) properties: HashMap<String, String>,
    pub(super) managed: Vec<Dependency>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) plugins: Vec<Plugin>,
    pub(super) managed_plugins: Vec<Plugin>,
    pub(super) modules: Vec<(String, u32)>,
    pub(super) repositories: Vec<(String, u32)>,
    pub(super) licences: Vec<String>,
    /// What is wrong with the file: line and reason, and whether it changes what was read.
    pub(super) wrong: Vec<(u32, String, bool)>,
}

#[derive(Debug)]
pub(super) struct Parent {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    /// Where it lies; empty where it is said to lie nowhere near.
    pub(super) relative: String,
    pub(super) line: u32,
}

#[derive(Debug, Default)]
pub(super) struct Dependency {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) classifier: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) optional: Option<String>,
    pub(super) line: u32,
}

#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) it: Dependency,
    pub(super) dependencies: Vec<Dependency>,
}

impl Pom {
    /// The group, its own or the parent's.
    pub(super) fn group(&self) -> Option<&str> {
        self.group
            .as_deref()
            .or_else(|| self.parent.as_ref().map(|parent| parent.group.as_str()))
    }

    /// The version, its own or the parent's.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref().or_else(|| {
            self.parent
                .as_ref()
                .and_then(|parent| parent.version.as_deref())
        })
    }

    /// Reads a file; what cannot be read is in [`Pom::wrong`].
    pub(super) fn read(path: &str, text: &str, limits: &Limits) -> Self {
        let XmlDocument {
            root,
            error,
            warnings,
        } = xml::parse(text, limits);
        let mut pom = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        if let Some(error) = error {
            pom.wrong.push((
                error.line,
                format!("{}; what stands before it was read", error.message),
                true,
            ));
        }
        pom.wrong.extend(
            warnings
                .into_iter()
                .map(|warning| (warning.line, warning.message, false)),
        );
        match root {
            Some(root) if root.local_name() == "project" => pom.project(&root),
            Some(root) => pom.wrong.push((
                root.line,
                format!("<{}> where <project> is expected", root.name),
                true,
            )),
            None => {}
        }
        pom
    }

    fn project(&mut self, root: &Element<'_>) {
        self.line = root.line;
        self.group = owned(root.value("groupId"));
        root.value("artifactId")
            .unwrap_or_default()
            .clone_into(&mut self.artifact);
        self.version = owned(root.value("version"));
        if let Some(parent) = root.child("parent") {
            let relative = match parent.child("relativePath") {
                Some(path) => path.text.trim(),
                None => "../pom.xml",
            };
            self.parent = Some(Parent {
                group: parent.value("groupId").unwrap_or_default().to_owned(),
                artifact: parent.value("artifactId").unwrap_or_default().to_owned(),
                version: owned(parent.value("version")),
                relative: relative.to_owned(),
                line: parent.line,
            });
        }
        self.licences.extend(
            root.nested("licenses", "license")
                .filter_map(|licence| owned(licence.value("name"))),
        );
        self.add(root);
        for profile in root.nested("profiles", "profile") {
            // Which other profiles are on is decided by the machine that builds.
            let default = profile
                .child("activation")
                .and_then(|activation| activation.value("activeByDefault"));
            if default.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
                self.add(profile);
            }
        }
    }

    /// What a project and a profile have in common.
    fn add(&mut self, node: &Element<'_>) {
        for property in node.children("properties").flat_map(|list| &list.children) {
            self.properties.insert(
                property.name.clone().into_owned(),
                property.text.trim().to_owned(),
            );
        }
        let managed = node
            .children("dependencyManagement")
            .flat_map(|list| list.nested("dependencies", "dependency"));
        self.managed.extend(managed.map(|it| dependency(it, "")));
        self.dependencies.extend(
            node.nested("dependencies", "dependency")
                .map(|it| dependency(it, "")),
        );
        for build in node.children("build") {
            self.plugins
                .extend(build.nested("plugins", "plugin").map(plugin));
            self.plugins
                .extend(build.nested("extensions", "extension").map(|it| Plugin {
                    it: dependency(it, ""),
                    dependencies: Vec::new(),
                }));
            let managed = build
                .children("pluginManagement")
                .flat_map(|list| list.nested("plugins", "plugin"));
            self.managed_plugins.extend(managed.map(plugin));
        }
        for (list, item) in [
            ("repositories", "repository"),
            ("pluginRepositories", "pluginRepository"),
        ] {
            let urls = node
                .nested(list, item)
                .filter_map(|it| Some((it.value("url")?.to_owned(), it.line)));
            self.repositories.extend(urls);
        }
        for (list, item) in [("modules", "module"), ("subprojects", "subproject")] {
            self.modules.extend(
                node.nested(list, item)
                    .map(|it| (it.text.trim().to_owned(), it.line)),
            );
        }
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn dependency(node: &Element<'_>, group: &str) -> Dependency {
    Dependency {
        group: node.value("groupId").unwrap_or(group).to_owned(),
        artifact: node.value("artifactId").unwrap_or_default().to_owned(),
        version: owned(node.value("version")),
        kind: owned(node.value("type")),
        classifier: owned(node.value("classifier")),
        scope: owned(node.value("scope")),
        optional: owned(node.value("optional")),
        line: node.line,
    }
}

fn plugin(node: &Element<'_>) -> Plugin {
    let dependencies = node
        .nested("dependencies", "dependency")
        .map(|it| dependency(it, ""))
        .collect();
    Plugin {
        it: dependency(node, PLUGINS),
        dependencies,
    }
}

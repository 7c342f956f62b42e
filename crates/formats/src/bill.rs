//! An inventory as a bill of materials has it: every package once, wherever it stands, and edges from the product
//! down to the last of them.

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Component, Inventory, Origin, Project, Scope};
use stanchion_model::purl::Purl;

use crate::Subject;

/// Everything that the bill lists, and how it hangs together.
pub(crate) struct Bill<'a> {
    /// What the bill is about: the project at the target itself or the only one there is, else the target as a whole.
    pub(crate) product: Product<'a>,
    /// The other projects.
    pub(crate) projects: Vec<Unit<'a>>,
    /// Packages: the projects' own ones first, then all others, each in the inventory's order.
    pub(crate) parts: Vec<Part<'a>>,
}

/// What a bill is about.
pub(crate) struct Product<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
    /// The project that it is, if it is one.
    pub(crate) unit: Option<Unit<'a>>,
}

/// A project.
pub(crate) struct Unit<'a> {
    pub(crate) project: &'a Project,
    /// The own package that is the project itself: by name and version the same. It is not listed a second time.
    pub(crate) itself: Option<usize>,
    /// What it asks for by itself, and why: indices in [`Bill::parts`], ascending.
    pub(crate) asks: Vec<(usize, Scope)>,
    /// What is in it although nothing that is known leads there.
    pub(crate) holds: Vec<usize>,
    /// Everything in it, ascending.
    pub(crate) all: Vec<usize>,
    /// Whether its files say who needs whom.
    pub(crate) has_edges: bool,
}

/// One package, in however many places.
pub(crate) struct Part<'a> {
    /// Every place of it in the inventory; at least one.
    pub(crate) members: Vec<&'a Component>,
    pub(crate) purl: String,
    /// A project's own package, and the project's index: it has no purl that others should look up.
    pub(crate) own: Option<u32>,
    /// The strongest reason for which any project has it.
    pub(crate) scope: Scope,
    pub(crate) direct: Option<bool>,
    /// What it needs anywhere: indices in [`Bill::parts`], ascending.
    pub(crate) needs: Vec<usize>,
}

impl<'a> Part<'a> {
    pub(crate) fn first(&self) -> &'a Component {
        self.members[0]
    }

    /// Hashes of its archives, each once.
    pub(crate) fn hashes(&self) -> Vec<(&'static str, &'a str)> {
        let all = self.members.iter().flat_map(|member| &member.hashes);
        let well_formed = all.filter(|hash| {
            hash.hex.len() == hash.algorithm.size() * 2
                && hash.hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        each_once(well_formed.map(|hash| (hash.algorithm.as_str(), hash.hex.as_str())))
    }

    /// Licences as declared, each once.
    pub(crate) fn licences(&self) -> Vec<&'a str> {
        each_once(
            self.members
                .iter()
                .flat_map(|member| &member.licences)
                .map(String::as_str),
        )
    }

    /// Paths and lines that name it, each once.
    pub(crate) fn places(&self) -> Vec<(&'a str, Option<u32>)> {
        each_once(
            self.members
                .iter()
                .flat_map(|member| &member.locations)
                .map(|place| (&*place.path, place.line)),
        )
    }

    /// Where its code comes from, each once.
    pub(crate) fn origins(&self) -> Vec<&'a Origin> {
        each_once(self.members.iter().map(|member| &member.origin))
    }
}

/// Without repetition, in the order given. For the few things of one package.
pub(crate) fn each_once<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

impl<'a> Bill<'a> {
    pub(crate) fn new(subject: &Subject<'a>) -> Self {
        let inventory = subject.inventory;
        let (parts, place) = parts(inventory);
        let mut units: Vec<Unit<'a>> = units(inventory, &place, parts.len());
        for unit in &mut units {
            unit.find_itself(&parts);
        }
        let at_target = units.iter().position(|unit| unit.project.root.is_empty());
        let chosen = at_target.or(if units.len() == 1 { Some(0) } else { None });
        let unit = chosen.map(|at| units.remove(at));
        let named = unit
            .as_ref()
            .map(|unit| unit.project)
            .filter(|project| !project.name.is_empty());
        let name = named.map_or(subject.name, |project| &project.name);
        let product = Product {
            name: if name.is_empty() { "target" } else { name },
            version: unit
                .as_ref()
                .and_then(|unit| unit.project.version.as_deref()),
            unit,
        };
        Self {
            product,
            projects: units,
            parts,
        }
    }

    /// Whether each part stands in the list under its own name; else a project is it.
    pub(crate) fn is_listed(&self) -> Vec<bool> {
        let mut listed = vec![true; self.parts.len()];
        for part in self.units().filter_map(|unit| unit.itself) {
            listed[part] = false;
        }
        listed
    }

    /// Every project, the product first where it is one.
    pub(crate) fn units(&self) -> impl Iterator<Item = &Unit<'a>> {
        self.product.unit.iter().chain(&self.projects)
    }
}

impl Unit<'_> {
    fn find_itself(&mut self, parts: &[Part<'_>]) {
        let project = self.project;
        let same = |at: &usize| {
            let first = parts[*at].first();
            // A Maven project calls itself by its artifact alone.
            let name = match first.ecosystem {
                Ecosystem::Maven => first.name.rsplit(':').next().unwrap_or_default(),
                _ => &first.name,
            };
            let named = name == project.name || first.name == project.name;
            parts[*at].own.is_some()
                && named
                && (first.version == project.version || project.version.is_none())
        };
        let Some(itself) = self.all.iter().copied().find(same) else {
            return;
        };
        self.itself = Some(itself);
        self.asks.retain(|(part, _)| *part != itself);
        for need in &parts[itself].needs {
            if let Err(at) = self.asks.binary_search_by_key(need, |(part, _)| *part) {
                self.asks.insert(at, (*need, parts[*need].scope));
            }
        }
    }
}

/// The parts, and the part of each component of the inventory.
fn parts(inventory: &Inventory) -> (Vec<Part<'_>>, Vec<usize>) {
    let mut index: HashMap<(&Purl, Option<u32>), usize> = HashMap::new();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut place = vec![0; inventory.components.len()];
    for own in [true, false] {
        for (id, component) in inventory.components.iter().enumerate() {
            if (component.origin == Origin::Own) != own {
                continue;
            }
            let owner = own.then_some(component.project);
            let at = *index.entry((&component.purl, owner)).or_insert_with(|| {
                parts.push(Part {
                    members: Vec::new(),
                    purl: component.purl.to_string(),
                    own: owner,
                    scope: component.scope,
                    direct: None,
                    needs: Vec::new(),
                });
                parts.len() - 1
            });
            let part = &mut parts[at];
            part.members.push(component);
            part.scope = part.scope.min(component.scope);
            part.direct = match (part.direct, component.direct) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, other) | (other, None) => other,
                _ => Some(false),
            };
            place[id] = at;
        }
    }
    for (at, part) in parts.iter_mut().enumerate() {
        let needs = part.members.iter().flat_map(|member| &member.dependencies);
        part.needs = needs
            .filter_map(|id| place.get(*id as usize).copied())
            .filter(|need| *need != at)
            .collect();
        part.needs.sort_unstable();
        part.needs.dedup();
    }
    (parts, place)
}

fn units<'a>(inventory: &'a Inventory, place: &[usize], count: usize) -> Vec<Unit<'a>> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); inventory.projects.len()];
    for (id, component) in inventory.components.iter().enumerate() {
        if let Some(members) = members.get_mut(component.project as usize) {
            members.push(id);
        }
    }
    let mut reached = vec![0; inventory.components.len()];
    let mut seen = vec![0; count];
    let units = inventory.projects.iter().zip(members).enumerate();
    units
        .map(|(at, (project, members))| {
            unit(
                inventory,
                project,
                &members,
                place,
                &mut reached,
                &mut seen,
                at + 1,
            )
        })
        .collect()
}

/// `reached` and `seen` hold the number of the last unit that marked a component or a part.
fn unit<'a>(
    inventory: &'a Inventory,
    project: &'a Project,
    members: &[usize],
    place: &[usize],
    reached: &mut [usize],
    seen: &mut [usize],
    number: usize,
) -> Unit<'a> {
    let components = &inventory.components;
    let mut needed: Vec<usize> = members
        .iter()
        .flat_map(|id| &components[*id].dependencies)
        .map(|id| *id as usize)
        .collect();
    needed.sort_unstable();
    needed.dedup();
    let asks_for = |id: usize| match (&components[id].origin, components[id].direct) {
        (Origin::Own, _) | (_, Some(true)) => true,
        (_, Some(false)) => false,
        // Who asks is not known. What nothing needs must have been asked for.
        (_, None) => needed.binary_search(&id).is_err(),
    };
    let mut tops: Vec<usize> = members.iter().copied().filter(|id| asks_for(*id)).collect();
    for id in &tops {
        spread(*id, components, reached, number);
    }
    let mut holds = Vec::new();
    for id in members {
        if reached[*id] == number {
            continue;
        }
        if components[*id].direct.is_none() {
            // A circle that nothing outside leads into.
            tops.push(*id);
        } else {
            holds.push(place[*id]);
        }
        spread(*id, components, reached, number);
    }
    // One purl may stand for several components of the project; the strongest reason holds.
    let mut asks: Vec<(usize, Scope)> = tops
        .iter()
        .map(|id| (place[*id], components[*id].scope))
        .collect();
    asks.sort_unstable();
    asks.dedup_by_key(|(part, _)| *part);
    holds.retain(|part| asks.binary_search_by_key(part, |(part, _)| *part).is_err());
    holds.sort_unstable();
    holds.dedup();
    let mut all: Vec<usize> = members
        .iter()
        .map(|id| place[*id])
        .filter(|part| std::mem::replace(&mut seen[*part], number) != number)
        .collect();
    all.sort_unstable();
    Unit {
        project,
        itself: None,
        asks,
        holds,
        all,
        has_edges: members
            .iter()
            .any(|id| !components[*id].dependencies.is_empty()),
    }
}

/// Marks everything that a component needs, and itself.
fn spread(from: usize, components: &[Component], reached: &mut [usize], number: usize) {
    let mut stack = vec![from];
    while let Some(id) = stack.pop() {
        if let Some(mark) = reached.get_mut(id).filter(|mark| **mark != number) {
            *mark = number;
            stack.extend(components[id].dependencies.iter().map(|id| *id as usize));
        }
    }
}

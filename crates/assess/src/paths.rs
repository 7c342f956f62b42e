//! Ways from a project to a component: the shortest for each thing the project asks for.

use std::collections::VecDeque;

use stanchion_model::inventory::{Component, ComponentId, Inventory, Origin};

/// Most paths given for a component.
const SHOWN: usize = 5;
/// Most components visited on the way back from one; a larger graph gives the paths found until then.
const VISITED: usize = 50_000;

/// The graph of one project, edges turned round.
pub(crate) struct Graph<'a> {
    inventory: &'a Inventory,
    base: u32,
    users: Vec<Vec<ComponentId>>,
    seen: Vec<u32>,
    towards: Vec<ComponentId>,
    round: u32,
}

impl<'a> Graph<'a> {
    /// Of the components `base..base + count`, which belong to one project.
    pub(crate) fn new(inventory: &'a Inventory, base: u32, count: usize) -> Self {
        let mut users = vec![Vec::new(); count];
        for id in base..base + count as u32 {
            for &dependency in &inventory.components[id as usize].dependencies {
                users[(dependency - base) as usize].push(id);
            }
        }
        Self {
            inventory,
            base,
            users,
            seen: vec![0; count],
            towards: vec![0; count],
            round: 0,
        }
    }

    /// Paths to a component, shortest first, and how many more there are. A path starts with the project (or
    /// the member of it) and ends with the component; where the format has no edges and does not tell what the
    /// project asks for, it is the component alone.
    pub(crate) fn paths(&mut self, target: ComponentId) -> (Vec<Vec<String>>, usize) {
        self.round += 1;
        let mut queue = VecDeque::from([target]);
        self.mark(target, target);
        let mut entries = Vec::new();
        let mut visited = 0;
        while let Some(id) = queue.pop_front() {
            visited += 1;
            let component = self.component(id);
            let own = component.origin == Origin::Own;
            if component.direct == Some(true) && !own {
                entries.push(id);
            } else if own && id != target {
                // A member of the project: what it asks for is an entry too, whether or not the format says so.
                let next = self.towards[(id - self.base) as usize];
                if self.component(next).origin != Origin::Own
                    && self.component(next).direct != Some(true)
                {
                    entries.push(next);
                }
                continue;
            }
            if visited >= VISITED {
                break;
            }
            for at in 0..self.users[(id - self.base) as usize].len() {
                let user = self.users[(id - self.base) as usize][at];
                if self.seen[(user - self.base) as usize] != self.round {
                    self.mark(user, id);
                    queue.push_back(user);
                }
            }
        }
        entries.sort_unstable();
        entries.dedup();
        let mut paths: Vec<Vec<String>> = entries
            .iter()
            .map(|&entry| self.spell(entry, target))
            .collect();
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let others = paths.len().saturating_sub(SHOWN);
        paths.truncate(SHOWN);
        if paths.is_empty() {
            paths.push(vec![label(self.component(target))]);
        }
        (paths, others)
    }

    fn mark(&mut self, id: ComponentId, towards: ComponentId) {
        let at = (id - self.base) as usize;
        self.seen[at] = self.round;
        self.towards[at] = towards;
    }

    fn component(&self, id: ComponentId) -> &'a Component {
        &self.inventory.components[id as usize]
    }

    fn spell(&self, entry: ComponentId, target: ComponentId) -> Vec<String> {
        let first = self.component(entry);
        let member = self.users[(entry - self.base) as usize]
            .iter()
            .map(|&id| self.component(id))
            .find(|user| user.origin == Origin::Own);
        let head = member.map_or_else(
            || self.inventory.projects[first.project as usize].name.clone(),
            |member| member.name.clone(),
        );
        let mut path = vec![head];
        let mut id = entry;
        path.push(label(first));
        while id != target {
            id = self.towards[(id - self.base) as usize];
            path.push(label(self.component(id)));
        }
        path
    }
}

/// `name@version`.
fn label(component: &Component) -> String {
    match &component.version {
        Some(version) => format!("{}@{version}", component.name),
        None => component.name.clone(),
    }
}

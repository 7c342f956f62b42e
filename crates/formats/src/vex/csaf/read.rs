//! Reads CSAF.

use std::collections::{HashMap, HashSet};

use stanchion_model::vex::{
    Justification, Refused, Statement, Status, VexDocument, VexFormat, VexProduct,
};
use stanchion_syntax::Node;

use super::tree::{Path, Tree};
use crate::vex::reading::{Budget, gather, lacks_reason, lose, other_names, time_at, told, words};
use crate::vex::{VexError, refused};

/// A list of `product_status`.
struct List {
    word: &'static str,
    status: Status,
    /// What our status does not say.
    lossy: Option<&'static str>,
}

const fn list(word: &'static str, status: Status, lossy: Option<&'static str>) -> List {
    List {
        word,
        status,
        lossy,
    }
}

static LISTS: [List; 9] = [
    list("known_affected", Status::Affected, None),
    list(
        "first_affected",
        Status::Affected,
        Some("the product is the first that is affected; nothing is read of those after it"),
    ),
    list(
        "last_affected",
        Status::Affected,
        Some(
            "the product is the last that is affected; nothing is read of those before and after it",
        ),
    ),
    list("under_investigation", Status::UnderInvestigation, None),
    list(
        "unknown",
        Status::UnderInvestigation,
        Some("the status is not known, and nobody is said to investigate"),
    ),
    list("known_not_affected", Status::NotAffected, None),
    list("fixed", Status::Fixed, None),
    list(
        "first_fixed",
        Status::Fixed,
        Some("the product is the first that is fixed; nothing is read of those after it"),
    ),
    list(
        RECOMMENDED,
        Status::Fixed,
        Some("the product is recommended as a fix; it is read as fixed"),
    ),
];

const RECOMMENDED: &str = "recommended";

/// Whether a document is CSAF.
pub(in crate::vex) fn recognises(root: &Node<'_>) -> bool {
    root.get("document")
        .is_some_and(|document| document.get("csaf_version").is_some())
}

/// Reads a document that [`recognises`] knows.
pub(in crate::vex) fn read(root: &Node<'_>, budget: &mut Budget) -> Result<VexDocument, VexError> {
    let head = root.at(&["document"]);
    let version = head.at(&["csaf_version"]);
    if !matches!(version.text(), Some("2.0" | "2.1")) {
        let message = format!(
            "CSAF {} is not known; 2.0 and 2.1 are read",
            told(version.text().unwrap_or(version.kind()))
        );
        return Err(VexError::unusable(version.line, message));
    }
    let tracking = head.at(&["tracking"]);
    let stamp = time_at(tracking, "current_release_date");
    let mut reader = Reader {
        tree: Tree::new(root),
        budget,
        draft: tracking.str("status") == Some("draft"),
        document: VexDocument {
            format: VexFormat::Csaf,
            id: words(tracking, "id").map(str::to_owned),
            author: words(head.at(&["publisher"]), "name").map(str::to_owned),
            timestamp: stamp.clone().ok().flatten(),
            subject: None,
            statements: Vec::new(),
            refused: Vec::new(),
        },
        stamp,
    };
    if let Some(list) = root.get("vulnerabilities") {
        if !list.is_array() {
            let message = format!("`vulnerabilities` is {} and no list", list.kind());
            return Err(VexError::unusable(list.line, message));
        }
        for node in list.items() {
            reader.vulnerability(node);
        }
    }
    Ok(reader.document)
}

/// What a document says about one product beside its status. Numbers stand for what is the same in several places.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Facts {
    flag: Option<u32>,
    /// More than one flag was given.
    flags: bool,
    impacts: Vec<u32>,
    actions: Vec<u32>,
    /// The only reason is one that is given for all products.
    general: bool,
}

/// Texts or labels with their time, each once.
#[derive(Default)]
struct Pool<'n> {
    index: HashMap<(&'n str, Option<&'n str>), u32>,
    all: Vec<(&'n str, &'n Node<'n>)>,
}

impl<'n> Pool<'n> {
    fn number(&mut self, text: &'n str, node: &'n Node<'n>) -> u32 {
        let all = &mut self.all;
        let number = self.index.entry((text, node.str("date")));
        *number.or_insert_with(|| {
            all.push((text, node));
            all.len() as u32 - 1
        })
    }

    fn get(&self, number: u32) -> Option<(&'n str, &'n Node<'n>)> {
        self.all.get(number as usize).copied()
    }

    /// How long the texts of some numbers are together.
    fn length(&self, numbers: &[u32]) -> usize {
        let texts = numbers.iter().filter_map(|number| self.get(*number));
        texts.map(|(text, _)| text.len() + 1).sum()
    }

    /// The texts of some numbers, a line each; `None` where there are none.
    fn joined(&self, numbers: &[u32]) -> Option<String> {
        let texts = numbers.iter().filter_map(|number| self.get(*number));
        let texts: Vec<&str> = texts.map(|(text, _)| text).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

/// What a vulnerability says beside the status of products.
struct Said<'n> {
    name: &'n str,
    aliases: Vec<String>,
    flags: Pool<'n>,
    impacts: Pool<'n>,
    actions: Pool<'n>,
    facts: HashMap<&'n str, Facts>,
    /// What is said of all products.
    of_all: Facts,
}

impl Said<'_> {
    /// What is said of a product that has some status.
    fn of(&self, id: &str, status: Status) -> Facts {
        let mut facts = self.facts.get(id).cloned().unwrap_or_default();
        facts.general = status == Status::NotAffected
            && facts.flag.is_none()
            && facts.impacts.is_empty()
            && !self.of_all.impacts.is_empty();
        facts.impacts.extend(&self.of_all.impacts);
        if status == Status::Affected {
            facts.actions.extend(&self.of_all.actions);
        }
        for numbers in [&mut facts.impacts, &mut facts.actions] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        facts
    }
}

/// Products of one list with the same facts: a statement.
struct Group {
    list: &'static List,
    facts: Facts,
    line: u32,
    paths: Vec<Path>,
}

/// Products of one list that are refused for the same reason.
struct Turned<'n> {
    line: u32,
    first: &'n str,
    more: usize,
}

struct Reader<'n, 'b> {
    tree: Tree<'n>,
    budget: &'b mut Budget,
    draft: bool,
    document: VexDocument,
    stamp: Result<Option<String>, Refused>,
}

impl<'n> Reader<'n, '_> {
    fn refuse(&mut self, line: u32, reason: String) {
        let size = size_of::<Refused>() + reason.len();
        // Past the bound the whole document is refused.
        if self.budget.take(size, line).is_ok() {
            self.document.refused.push(refused(line, reason));
        }
    }

    fn vulnerability(&mut self, node: &'n Node<'n>) {
        let lists = node.at(&["product_status"]);
        let Some(said) = self.said(node) else {
            let reason = "a vulnerability has neither a CVE nor an id".to_owned();
            return self.refuse(node.line, reason);
        };
        if lists.members().is_empty() {
            return self.refuse(node.line, format!("{}: no product has a status", said.name));
        }
        for member in lists.members() {
            if !LISTS.iter().any(|list| list.word == member.key) {
                let word = told(&member.key);
                self.refuse(
                    member.line,
                    format!("{}: the status {word} is not known", said.name),
                );
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut places: HashMap<(&str, Facts), usize> = HashMap::new();
        let mut statused: HashSet<&str> = HashSet::new();
        for list in &LISTS {
            let mut turned: Vec<(String, Turned<'n>)> = Vec::new();
            let mut reasons: HashMap<String, usize> = HashMap::new();
            let mut seen: HashSet<&str> = HashSet::new();
            for (id, line) in self.listed(said.name, list.word, lists) {
                if !seen.insert(id) || (list.word == RECOMMENDED && statused.contains(id)) {
                    continue;
                }
                statused.insert(id);
                // What is said of all products is repeated for each.
                let general = said.of_all.impacts.len() + said.of_all.actions.len();
                if self.budget.take(size_of::<u32>() * general, line).is_err() {
                    return;
                }
                let facts = said.of(id, list.status);
                match self.usable(&said, list, &facts, id, line) {
                    Ok(path) => {
                        let place =
                            *places
                                .entry((list.word, facts))
                                .or_insert_with_key(|(_, facts)| {
                                    groups.push(Group {
                                        list,
                                        facts: facts.clone(),
                                        line,
                                        paths: Vec::new(),
                                    });
                                    groups.len() - 1
                                });
                        if let Some(group) = groups.get_mut(place) {
                            group.paths.push(path);
                        }
                    }
                    Err(reason) => {
                        let _ = self.budget.take(2 * reason.len() + 200, line);
                        let place = *reasons.entry(reason).or_insert_with_key(|reason| {
                            let first = Turned {
                                line,
                                first: id,
                                more: 0,
                            };
                            turned.push((reason.clone(), first));
                            turned.len() - 1
                        });
                        if let Some((_, known)) = turned.get_mut(place) {
                            known.more += usize::from(known.first != id);
                        }
                    }
                }
            }
            for (reason, Turned { line, first, more }) in turned {
                let more = match more {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let first = told(first);
                let (name, word) = (said.name, list.word);
                self.refuse(line, format!("{name}: `{word}` of {first}{more}: {reason}"));
            }
        }
        for group in groups {
            let line = group.line;
            match self.statement(&said, group) {
                Ok(statement) => self.document.statements.push(statement),
                Err(found) => self.refuse(line, format!("{}: {}", said.name, found.reason)),
            }
        }
    }

    /// What a vulnerability says beside the status of products; `None` where it has no name.
    fn said(&mut self, node: &'n Node<'n>) -> Option<Said<'n>> {
        let ids = node.at(&["ids"]).items().iter();
        let ids: Vec<&str> = ids.filter_map(|id| words(id, "text")).collect();
        let name = words(node, "cve").or_else(|| ids.first().copied())?;
        let mut said = Said {
            name,
            aliases: other_names(name, ids.into_iter()),
            flags: Pool::default(),
            impacts: Pool::default(),
            actions: Pool::default(),
            facts: HashMap::new(),
            of_all: Facts::default(),
        };
        for flag in node.at(&["flags"]).items() {
            let number = said
                .flags
                .number(flag.str("label").unwrap_or_default(), flag);
            for id in self.about(flag) {
                let facts = said.facts.entry(id).or_default();
                facts.flags |= *facts.flag.get_or_insert(number) != number;
            }
        }
        for threat in node.at(&["threats"]).items() {
            let details = words(threat, "details");
            if let Some(details) = details.filter(|_| threat.str("category") == Some("impact")) {
                let number = said.impacts.number(details, threat);
                if is_general(threat) {
                    said.of_all.impacts.push(number);
                }
                for id in self.about(threat) {
                    said.facts.entry(id).or_default().impacts.push(number);
                }
            }
        }
        for remediation in node.at(&["remediations"]).items() {
            if let Some(details) = words(remediation, "details") {
                let number = said.actions.number(details, remediation);
                if is_general(remediation) {
                    said.of_all.actions.push(number);
                }
                for id in self.about(remediation) {
                    said.facts.entry(id).or_default().actions.push(number);
                }
            }
        }
        Some(said)
    }

    /// The products that a flag, a threat or a remediation is about.
    fn about(&mut self, node: &'n Node<'n>) -> Vec<&'n str> {
        let ids = node.at(&["product_ids"]).items().iter();
        let mut all: Vec<&str> = ids.filter_map(Node::as_str).collect();
        let groups = node.at(&["group_ids"]).items().iter();
        for group in groups.filter_map(Node::as_str) {
            let group = self.tree.group(group);
            // Many flags may name one large group.
            if self.budget.take(64 * group.len(), node.line).is_err() {
                return Vec::new();
            }
            all.extend(group);
        }
        all
    }

    /// The products of one list with their lines; what is none is refused.
    fn listed(&mut self, name: &str, word: &str, lists: &'n Node<'n>) -> Vec<(&'n str, u32)> {
        let Some(list) = lists.get(word) else {
            return Vec::new();
        };
        if !list.is_array() {
            let kind = list.kind();
            self.refuse(list.line, format!("{name}: `{word}` is {kind} and no list"));
        }
        let mut all = Vec::with_capacity(list.items().len());
        for item in list.items() {
            if let Some(id) = item.as_str() {
                all.push((id, item.line));
            } else {
                let kind = item.kind();
                self.refuse(
                    item.line,
                    format!("{name}: {kind} where `{word}` names a product"),
                );
            }
        }
        all
    }

    /// The product, where its status can be used; an error says why not.
    fn usable(
        &mut self,
        said: &Said<'n>,
        list: &List,
        facts: &Facts,
        id: &'n str,
        line: u32,
    ) -> Result<Path, String> {
        let flag = facts.flag.and_then(|flag| said.flags.get(flag));
        if list.status == Status::NotAffected {
            if let Some((label, _)) = flag
                && Justification::from_word(label).is_none()
            {
                return Err(format!("the flag {} is not known", told(label)));
            }
            let impact = (!facts.impacts.is_empty()).then_some("");
            if lacks_reason(list.status, flag.is_some(), impact) {
                return Err("there is neither a flag nor an impact".to_owned());
            }
        }
        let path = self.tree.path(id, line, self.budget)?;
        let bases = path.iter().filter_map(|index| self.tree.base(*index));
        let size: usize = bases.map(|base| base.size).sum();
        self.budget.take(size, line).map_err(|found| found.reason)?;
        Ok(path)
    }

    fn statement(&mut self, said: &Said<'n>, group: Group) -> Result<Statement, Refused> {
        let Group {
            list,
            facts,
            line,
            paths,
        } = group;
        let mut lossy: Vec<String> = list.lossy.into_iter().map(str::to_owned).collect();
        let flag = facts.flag.and_then(|flag| said.flags.get(flag));
        let closed = list.status == Status::NotAffected;
        if let Some((label, _)) = flag.filter(|_| !closed) {
            let (label, word) = (told(label), list.word);
            lose(
                &mut lossy,
                format!("a flag {label} stands with `{word}`, of which none is expected"),
            );
        }
        if closed && facts.flags {
            let sentence = "a product has several flags, and the first is read";
            lose(&mut lossy, sentence.to_owned());
        }
        if facts.general {
            let sentence = "the only reason names no product; it is read as one for all";
            lose(&mut lossy, sentence.to_owned());
        }
        if self.draft {
            lose(&mut lossy, "the document calls itself a draft".to_owned());
        }
        let aliases = said.aliases.iter().map(String::len).sum::<usize>();
        let texts = said.impacts.length(&facts.impacts) + said.actions.length(&facts.actions);
        self.budget
            .take(size_of::<Statement>() + aliases + texts, line)?;
        let impact = said.impacts.joined(&facts.impacts);
        let action = said.actions.joined(&facts.actions);
        let when = match (flag, facts.impacts.first()) {
            _ if !closed => None,
            (Some((_, flag)), _) => Some(flag),
            (None, Some(first)) => said.impacts.get(*first).map(|(_, threat)| threat),
            (None, None) => None,
        };
        let own = when
            .map(|node| time_at(node, "date"))
            .transpose()?
            .flatten();
        let timestamp = match own {
            Some(own) => Some(own),
            None => self
                .stamp
                .clone()
                .map_err(|found| refused(line, format!("the document's {}", found.reason)))?,
        };
        let mut leaves: Vec<(Vec<u32>, VexProduct)> = Vec::with_capacity(paths.len());
        for path in &paths {
            let Some((leaf, holders)) = path.split_last() else {
                continue;
            };
            for index in path.iter() {
                for sentence in self
                    .tree
                    .base(*index)
                    .into_iter()
                    .flat_map(|base| &base.lossy)
                {
                    lose(&mut lossy, sentence.clone());
                }
            }
            leaves.push((holders.to_vec(), self.product(*leaf)));
        }
        Ok(Statement {
            id: None,
            vulnerability: said.name.to_owned(),
            aliases: said.aliases.clone(),
            products: gather(leaves, |index| self.product(index)),
            status: list.status,
            justification: flag
                .filter(|_| closed)
                .and_then(|(label, _)| Justification::from_word(label)),
            impact,
            action,
            timestamp,
            original: list.lossy.map(|_| list.word.to_owned()),
            lossy,
            line,
        })
    }

    fn product(&self, index: u32) -> VexProduct {
        self.tree
            .base(index)
            .map(|base| base.product.clone())
            .unwrap_or_default()
    }
}

/// Whether something names neither products nor groups.
fn is_general(node: &Node<'_>) -> bool {
    node.get("product_ids").is_none() && node.get("group_ids").is_none()
}

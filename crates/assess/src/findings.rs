//! From components and advisories to findings.

use std::collections::BTreeMap;

use rayon::prelude::*;
use stanchion_advisories::{
    Cycle, Doubt, Error, GroupId, Hit, Index, Matcher, Query, RecordView, Upgrade,
};
use stanchion_model::Ecosystem;
use stanchion_model::cvss::Vector;
use stanchion_model::finding::{
    Confidence, CvssScore, Epss, Evidence, Finding, FindingComponent, Kev, Kind, Ssvc,
};
use stanchion_model::inventory::{Component, ComponentId, Inventory, Origin, Problem, ProblemKind};
use stanchion_model::threat;
use stanchion_policy::components::{Breach, House};
use stanchion_policy::score::{Signals, score};

use crate::paths::Graph;
use crate::sources;

/// After so many affected components the pages of the database that were read are given back.
const RELEASE: usize = 40;

/// Ecosystems (with release) without any advisory, and how many components wait for them.
type Uncovered = BTreeMap<String, usize>;

/// Everything wrong with the foreign components of an inventory. What cannot be looked up becomes a problem.
pub(crate) fn find(
    inventory: &Inventory,
    index: &Index,
    as_of: &str,
    house: Option<&House<'_>>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Finding>, Error> {
    let today = as_of.get(..10).unwrap_or(as_of);
    let mut slices = slices(inventory);
    // Largest first: the last thread to finish should be busy with something small.
    slices.sort_by_key(|&(from, length)| (std::cmp::Reverse(length), from));
    let results: Vec<Result<ProjectFindings<'_>, Error>> = slices
        .par_iter()
        .map_init(
            || Matcher::new(index),
            |matcher, &(from, length)| {
                let mut project =
                    ProjectFindings::new(inventory, index, today, house, from, length);
                for id in from..from + length {
                    project.look_up(id as ComponentId, matcher)?;
                }
                Ok(project)
            },
        )
        .collect();
    let mut findings = Vec::new();
    let mut uncovered = Uncovered::new();
    let projects: Vec<ProjectFindings<'_>> = results.into_iter().collect::<Result<_, _>>()?;
    findings.reserve_exact(projects.iter().map(|project| project.findings.len()).sum());
    for project in projects {
        findings.extend(project.findings);
        problems.extend(project.problems);
        for (name, count) in project.uncovered {
            *uncovered.entry(name).or_default() += count;
        }
    }
    for (name, count) in uncovered {
        let components = if count == 1 {
            "component is"
        } else {
            "components are"
        };
        problems.push(Problem {
            path: inventory.target.clone(),
            line: None,
            kind: ProblemKind::Unmatched,
            reason: format!(
                "the database has no advisories for {name}: {count} {components} not matched"
            ),
            hint: Some(
                "run `stanchion db update`, or see `stanchion coverage` for what has advisories"
                    .into(),
            ),
        });
    }
    Ok(findings)
}

/// First component and number of components of each project; components are sorted by project.
fn slices(inventory: &Inventory) -> Vec<(usize, usize)> {
    let chunks = inventory.components.chunk_by(|a, b| a.project == b.project);
    let mut from = 0;
    chunks
        .map(|chunk| {
            from += chunk.len();
            (from - chunk.len(), chunk.len())
        })
        .collect()
}

/// What others know about a vulnerability.
type OthersKnow = (Option<Kev>, Option<Epss>, Option<Ssvc>);

struct ProjectFindings<'a> {
    inventory: &'a Inventory,
    index: &'a Index,
    today: &'a str,
    /// What the policy says about components, where it says anything.
    house: Option<&'a House<'a>>,
    slice: (usize, usize),
    /// Made when the first finding asks for it: most projects of a clean target never do.
    graph: Option<Graph<'a>>,
    /// Components with findings so far.
    affected: usize,
    findings: Vec<Finding>,
    problems: Vec<Problem>,
    uncovered: Uncovered,
}

impl<'a> ProjectFindings<'a> {
    fn new(
        inventory: &'a Inventory,
        index: &'a Index,
        today: &'a str,
        house: Option<&'a House<'a>>,
        from: usize,
        length: usize,
    ) -> Self {
        Self {
            inventory,
            index,
            today,
            house,
            slice: (from, length),
            graph: None,
            affected: 0,
            findings: Vec::new(),
            problems: Vec::new(),
            uncovered: Uncovered::new(),
        }
    }

    fn look_up(&mut self, id: ComponentId, matcher: &mut Matcher<'_>) -> Result<(), Error> {
        let component = &self.inventory.components[id as usize];
        // The project's own packages are never matched as if they came from a registry. A version that is
        // missing has been told by whoever read the file.
        if component.origin == Origin::Own {
            return Ok(());
        }
        if let Some(house) = self.house {
            for breach in house.breaches(component) {
                self.breach(id, breach);
            }
        }
        let Some(version) = component.version.as_deref() else {
            return Ok(());
        };
        let release = component.release.as_deref();
        let query = Query {
            ecosystem: component.ecosystem,
            release,
            name: &component.name,
            version,
        };
        if self.is_covered(component, matcher) {
            let mut hits = matcher.hits(&query)?;
            if let Origin::Git {
                commit: Some(commit),
                ..
            } = &component.origin
            {
                hits.extend(matcher.commit_hits(&query, commit)?);
            }
            if !hits.is_empty() {
                let upgrade = matcher.upgrade(&query)?;
                self.vulnerabilities(id, &hits, upgrade.as_ref())?;
                // Findings have copied what they need of the database.
                self.affected += 1;
                if self.affected.is_multiple_of(RELEASE) {
                    self.index.release();
                }
            }
        }
        if component.yanked {
            self.yanked(id);
        }
        let name = component.ecosystem.lookup_name(&component.name);
        if let Some(cycle) = self
            .index
            .cycle(component.ecosystem.name(), &name, version)?
            && (cycle.last_day.is_empty() || cycle.last_day.as_str() < self.today)
        {
            self.ended(id, &cycle);
        }
        Ok(())
    }

    /// Whether advisories about the component can be looked up at all; says so where not.
    fn is_covered(&mut self, component: &Component, matcher: &mut Matcher<'_>) -> bool {
        let ecosystem = component.ecosystem;
        if ecosystem == Ecosystem::Generic {
            let name = format!("packages of type {}", component.purl.purl_type());
            *self.uncovered.entry(name).or_default() += 1;
            return false;
        }
        let release = component.release.as_deref();
        if ecosystem.has_releases() && release.is_none() && !matcher.covers(ecosystem, None) {
            let place = component.locations.first();
            self.problems.push(Problem {
                path: place.map_or_else(String::new, |place| place.path.to_string()),
                line: place.and_then(|place| place.line),
                kind: ProblemKind::Unmatched,
                reason: format!(
                    "{} is of an unknown release of {ecosystem}, so it is not matched",
                    component.name
                ),
                hint: Some(
                    "name the release in the purl's distro qualifier, such as distro=debian-12"
                        .into(),
                ),
            });
            return false;
        }
        if !matcher.covers(ecosystem, release) {
            let name = release.map_or_else(
                || ecosystem.name().to_owned(),
                |release| format!("{ecosystem} {release}"),
            );
            *self.uncovered.entry(name).or_default() += 1;
            return false;
        }
        true
    }

    /// One finding for each vulnerability that some hit is evidence for.
    fn vulnerabilities(
        &mut self,
        id: ComponentId,
        hits: &[Hit],
        upgrade: Option<&Upgrade>,
    ) -> Result<(), Error> {
        let mut by_group: BTreeMap<GroupId, Vec<usize>> = BTreeMap::new();
        for (at, hit) in hits.iter().enumerate() {
            for group in self.index.groups_of(hit.record)? {
                by_group.entry(group).or_default().push(at);
            }
        }
        for (group, mine) in by_group {
            let mine: Vec<&Hit> = mine.into_iter().map(|at| &hits[at]).collect();
            let finding = self.vulnerability(id, group, &mine, upgrade)?;
            self.findings.push(finding);
        }
        Ok(())
    }

    fn vulnerability(
        &mut self,
        id: ComponentId,
        group: GroupId,
        hits: &[&Hit],
        upgrade: Option<&Upgrade>,
    ) -> Result<Finding, Error> {
        let component = &self.inventory.components[id as usize];
        let vulnerability = self.index.group(group)?;
        let matched: Vec<RecordView<'_>> = hits
            .iter()
            .map(|hit| self.index.record(hit.record))
            .collect::<Result<_, _>>()?;
        // Other ecosystems' records of the same vulnerability know scores that this one may lack.
        let all: Vec<RecordView<'_>> = vulnerability
            .records
            .iter()
            .map(|record| self.index.record(*record))
            .collect::<Result<_, _>>()?;
        let kind = kind(&matched);
        let mut finding = self.blank(id, kind, vulnerability.id);
        finding.aliases = vulnerability
            .aliases
            .iter()
            .map(|&alias| alias.to_owned())
            .collect();
        finding.title = title(&matched, &component.name, vulnerability.id);
        finding.evidence = hits
            .iter()
            .zip(&matched)
            .map(|(hit, record)| evidence(hit, record, component))
            .collect();
        finding.evidence.sort_by(|a, b| a.advisory.cmp(&b.advisory));
        finding.confidence = hits
            .iter()
            .map(|hit| confidence(hit))
            .max()
            .unwrap_or(Confidence::Low);
        if !matches!(component.origin, Origin::Registry) {
            finding.confidence = finding.confidence.min(Confidence::Medium);
        }
        finding.fixed_in = fixed_in(hits, component.ecosystem);
        finding.upgrade_to = upgrade
            .filter(|upgrade| upgrade.leaves == 0)
            .map(|upgrade| upgrade.version.clone());
        let mut cwes: Vec<u32> = all
            .iter()
            .flat_map(|record| record.cwes.iter().copied())
            .collect();
        cwes.sort_unstable();
        cwes.dedup();
        let published = matched
            .iter()
            .map(|record| record.published)
            .filter(|seconds| *seconds > 0)
            .min();
        finding.published = published.and_then(|seconds| {
            let time = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
            Some(time.to_string())
        });
        if kind.is_scored() {
            self.weigh(&mut finding, &matched, &all, &cwes)?;
        }
        finding.cwes = cwes.into_iter().map(|cwe| format!("CWE-{cwe}")).collect();
        Ok(finding)
    }

    /// Severity, exploitation and the score.
    fn weigh(
        &self,
        finding: &mut Finding,
        matched: &[RecordView<'_>],
        all: &[RecordView<'_>],
        cwes: &[u32],
    ) -> Result<(), Error> {
        let mut vectors: Vec<(Vector, CvssScore)> = Vec::new();
        for record in all {
            for text in &record.cvss {
                let Ok(vector) = Vector::parse(text) else {
                    continue;
                };
                if vectors.iter().any(|(_, known)| known.vector == *text) {
                    continue;
                }
                let score = CvssScore {
                    version: vector.version().as_str().to_owned(),
                    vector: (*text).to_owned(),
                    score: vector.score(),
                    source: record.id.to_owned(),
                };
                vectors.push((vector, score));
            }
        }
        // Newest version first, then the worst.
        vectors.sort_by(|a, b| {
            b.1.version
                .cmp(&a.1.version)
                .then_with(|| b.1.score.total_cmp(&a.1.score))
                .then_with(|| a.1.vector.cmp(&b.1.vector))
        });
        let (parsed, scores): (Vec<Vector>, Vec<CvssScore>) = vectors.into_iter().unzip();
        let (kev, epss, ssvc) = self.signals(finding, matched)?;
        let word = all.iter().filter_map(|record| record.word).max();
        let malicious = finding.kind == Kind::Malicious;
        let weighed = score(&Signals {
            cvss: &parsed,
            word,
            malicious,
            kev: kev.as_ref(),
            epss,
            ssvc,
            scope: finding.scope,
        });
        finding.vectors = threat::derive(cwes.iter().copied(), worst(&parsed), malicious);
        finding.severity = Some(weighed.severity);
        if weighed.assumed {
            finding.confidence = finding.confidence.min(Confidence::Medium);
        }
        finding.cvss = scores;
        finding.score = Some(weighed.value);
        finding.factors = weighed.factors;
        finding.kev = kev;
        finding.epss = epss;
        finding.ssvc = ssvc;
        Ok(())
    }

    /// What others know about the vulnerability's CVE; of errata that collect several CVEs, the worst of each.
    fn signals(&self, finding: &Finding, matched: &[RecordView<'_>]) -> Result<OthersKnow, Error> {
        let is_cve = |id: &&str| id.starts_with("CVE-");
        let mut cves: Vec<&str> = std::iter::once(finding.id.as_str())
            .chain(finding.aliases.iter().map(String::as_str))
            .filter(is_cve)
            .collect();
        if cves.is_empty() {
            cves.extend(
                matched
                    .iter()
                    .flat_map(|record| record.upstream.iter().copied())
                    .filter(is_cve),
            );
        }
        let (mut kev, mut epss, mut ssvc): (Option<Kev>, Option<Epss>, Option<Ssvc>) =
            (None, None, None);
        for cve in cves {
            if let Some(found) = self.index.kev(cve)? {
                let better = kev.as_ref().is_none_or(|known| {
                    (found.ransomware, std::cmp::Reverse(&found.added))
                        > (known.ransomware, std::cmp::Reverse(&known.added))
                });
                kev = if better { Some(found) } else { kev };
            }
            if let Some(found) = self.index.epss(cve)? {
                epss = Some(
                    epss.filter(|known| known.probability >= found.probability)
                        .unwrap_or(found),
                );
            }
            if let Some(found) = self.index.ssvc(cve)? {
                ssvc = Some(match ssvc {
                    None => found,
                    Some(known) => Ssvc {
                        exploitation: known.exploitation.max(found.exploitation),
                        automatable: known.automatable || found.automatable,
                        total_impact: known.total_impact || found.total_impact,
                    },
                });
            }
        }
        Ok((kev, epss, ssvc))
    }

    fn yanked(&mut self, id: ComponentId) {
        let component = &self.inventory.components[id as usize];
        let version = component.version.as_deref().unwrap_or_default();
        let mut finding = self.blank(id, Kind::Yanked, "yanked");
        finding.title = format!(
            "{} {version} was withdrawn from its registry by its author",
            component.name
        );
        finding.evidence = vec![Evidence {
            source: component
                .locations
                .first()
                .map_or_else(String::new, |place| place.path.to_string()),
            advisory: "yanked".into(),
            range: format!("listed: {version}"),
            comparator: component.ecosystem.scheme().name().into(),
            note: None,
            url: None,
        }];
        self.findings.push(finding);
    }

    fn ended(&mut self, id: ComponentId, cycle: &Cycle) {
        let component = &self.inventory.components[id as usize];
        let version = component.version.as_deref().unwrap_or_default();
        let mut finding = self.blank(id, Kind::EndOfLife, "end-of-life");
        let since = if cycle.last_day.is_empty() {
            String::new()
        } else {
            format!(" since {}", cycle.last_day)
        };
        finding.title = format!(
            "{} {} is no longer supported{since}",
            cycle.product, cycle.name
        );
        finding.evidence = vec![Evidence {
            source: "endoflife.date".into(),
            advisory: format!("{} {}", cycle.product, cycle.name),
            range: if cycle.name == version {
                version.to_owned()
            } else {
                format!("{}.*", cycle.name)
            },
            comparator: "leading part".into(),
            note: None,
            url: Some("https://endoflife.date".into()),
        }];
        self.findings.push(finding);
    }

    /// A finding with everything that comes from the inventory.
    /// A rule of the policy that a component breaks.
    fn breach(&mut self, id: ComponentId, breach: Breach) {
        let kind = if breach.licence {
            Kind::Licence
        } else {
            Kind::Check
        };
        let mut finding = self.blank(id, kind, breach.rule);
        finding.title = match breach.reason {
            Some(reason) => format!("{}: {reason}", breach.title),
            None => breach.title,
        };
        finding.rule = Some(breach.rule.to_owned());
        self.findings.push(finding);
    }

    fn blank(&mut self, id: ComponentId, kind: Kind, name: &str) -> Finding {
        let component = &self.inventory.components[id as usize];
        let (from, length) = self.slice;
        let graph = self
            .graph
            .get_or_insert_with(|| Graph::new(self.inventory, from as ComponentId, length));
        let (paths, other_paths) = graph.paths(id);
        let project = &self.inventory.projects[component.project as usize];
        let root = if project.root.is_empty() {
            "."
        } else {
            &project.root
        };
        Finding {
            key: format!("{root}|{}|{name}", component.purl.without_version()),
            kind,
            id: name.to_owned(),
            aliases: Vec::new(),
            title: String::new(),
            component: FindingComponent {
                purl: component.purl.clone(),
                name: component.name.clone(),
                version: component.version.clone().unwrap_or_default(),
                ecosystem: component.ecosystem,
            },
            project: project.root.clone(),
            direct: component.direct,
            locations: component.locations.clone(),
            paths,
            other_paths,
            scope: component.scope,
            severity: None,
            cvss: Vec::new(),
            epss: None,
            kev: None,
            ssvc: None,
            score: None,
            factors: Vec::new(),
            confidence: Confidence::High,
            fixed_in: Vec::new(),
            upgrade_to: None,
            evidence: Vec::new(),
            cwes: Vec::new(),
            vectors: Vec::new(),
            published: None,
            is_new: None,
            owner: None,
            due: None,
            state: "open".into(),
            rule: None,
            exception: None,
            product: None,
            deadlines: Vec::new(),
            tasks: Vec::new(),
            escalated_to: Vec::new(),
            statements: Vec::new(),
        }
    }
}

/// Malicious before vulnerable before unsound before unmaintained.
fn kind(matched: &[RecordView<'_>]) -> Kind {
    let has = |kind: Kind| matched.iter().any(|record| record.kind == kind);
    [
        Kind::Malicious,
        Kind::Vulnerability,
        Kind::Unsound,
        Kind::Unmaintained,
    ]
    .into_iter()
    .find(|kind| has(*kind))
    .unwrap_or(Kind::Vulnerability)
}

fn worst(vectors: &[Vector]) -> Option<&Vector> {
    vectors
        .iter()
        .max_by(|a, b| a.score().total_cmp(&b.score()))
}

/// The shortest clear title that a matched record gives, the curated sources first.
fn title(matched: &[RecordView<'_>], component: &str, id: &str) -> String {
    let rank = |record: &&RecordView<'_>| {
        (
            record.title.is_empty(),
            sources::rank(record.id),
            record.title.chars().count(),
        )
    };
    let best = matched
        .iter()
        .min_by_key(rank)
        .map_or("", |record| record.title);
    if best.is_empty() {
        format!("{id} in {component}")
    } else {
        best.to_owned()
    }
}

fn evidence(hit: &Hit, record: &RecordView<'_>, component: &Component) -> Evidence {
    let doubt = hit.doubt.map(|doubt| match doubt {
        Doubt::Version => "the component's version cannot be parsed; it was placed by a fixed rule",
        Doubt::Lenient => "the component's version was read by a tolerant rule",
        Doubt::Range => "a bound of the range cannot be parsed",
        Doubt::End => "the source does not know which version fixes it, so newer versions are taken to be affected",
    });
    let origin = match &component.origin {
        Origin::Git { .. } => Some("the code comes from a git repository, not from the registry"),
        Origin::Url(_) => Some("the code comes from an address outside the registry"),
        Origin::Registry | Origin::Own => None,
    };
    let note = match (doubt, origin) {
        (Some(doubt), Some(origin)) => Some(format!("{doubt}; {origin}")),
        (one, other) => one.or(other).map(str::to_owned),
    };
    Evidence {
        source: sources::name(record.id).to_owned(),
        advisory: record.id.to_owned(),
        range: hit.range.clone(),
        comparator: hit.comparator.to_owned(),
        note,
        url: Some(sources::url(record.id)),
    }
}

fn confidence(hit: &Hit) -> Confidence {
    match hit.doubt {
        None => Confidence::High,
        Some(Doubt::Lenient | Doubt::Range) => Confidence::Medium,
        Some(Doubt::Version | Doubt::End) => Confidence::Low,
    }
}

/// Versions that end the ranges which hold the component, lowest first. Where several records disagree, the
/// highest of their nearest ends comes first: below it, one of them still says affected.
fn fixed_in(hits: &[&Hit], ecosystem: Ecosystem) -> Vec<String> {
    let scheme = ecosystem.scheme();
    let order = |a: &&String, b: &&String| scheme.compare(a, b);
    let nearest = hits
        .iter()
        .filter_map(|hit| hit.fixed.as_ref())
        .max_by(order);
    let Some(nearest) = nearest else {
        return Vec::new();
    };
    let versions = hits
        .iter()
        .flat_map(|hit| hit.fixed.iter().chain(&hit.later))
        .map(String::as_str);
    let mut list: Vec<&str> = versions
        .filter(|version| scheme.compare(version, nearest).is_ge())
        .collect();
    list.sort_by(|a, b| scheme.compare(a, b).then_with(|| a.cmp(b)));
    list.dedup_by(|b, a| scheme.compare(a, b).is_eq());
    list.into_iter().map(str::to_owned).collect()
}

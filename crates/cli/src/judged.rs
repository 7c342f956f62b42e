//! From flags to a judged assessment: which policy, at which gate, held against what, remembered or not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::repository::{self, Base, Limits};
use jiff::Timestamp;
use stanchion_advisories::Index;
use stanchion_assess::{Judging, Options};
use stanchion_model::finding::Finding;
use stanchion_model::inventory::{Inventory, Problem, ProblemKind};
use stanchion_model::report::Assessment;
use stanchion_policy::bundle::Bundle;
use stanchion_policy::change::{self, Change};
use stanchion_policy::file::Gate;
use stanchion_policy::gate;
use stanchion_store::{Sightings, Store};
use stanchion_tree::Tree;

use crate::args::PolicyArgs;
use crate::context::Context;
use crate::exit::{Failure, failure};
use crate::policies::{self, Loaded, POLICY, VEX, Where};
use crate::portal;
use crate::sightings::FirstSeen;

/// What decides about a target, made once a command.
pub(crate) struct Judged {
    pub(crate) loaded: Option<Loaded>,
    pub(crate) gate: Gate,
    pub(crate) as_of: Timestamp,
    base: Option<Base>,
    changed: Vec<Change>,
    approved_by: Vec<String>,
    seen: FirstSeen,
    /// The portal's policy, where it judges.
    bundle: Option<Bundle>,
    /// What the target is remembered by.
    name: String,
    problems: Vec<Problem>,
}

/// The settings of a project.
const SETTINGS: &str = "stanchion.toml";

/// Clocks that differ by less are not told of.
const SKEW: i64 = 300;

impl Judged {
    /// Finds the policy and everything that it needs. `given` is the time that the user gave.
    pub(crate) fn find(
        context: &Context,
        args: &PolicyArgs,
        target: &Path,
        given: Option<&str>,
        as_of: &str,
    ) -> Result<Self, Failure> {
        let gate = match &args.gate {
            None => gate::DEFAULT,
            Some(word) => Gate::from_word(word).ok_or_else(|| {
                failure(format!("{word:?} is no gate")).hint(format!(
                    "the gates are {}",
                    Gate::ALL.map(Gate::as_str).join(", ")
                ))
            })?,
        };
        let time: Timestamp = as_of
            .parse()
            .map_err(|_| failure(format!("{as_of:?} is no time")))?;
        let folder = policies::folder_of(target);
        let here = Where {
            target: &folder,
            top: None,
            mark: "",
        };
        let name = folder.canonicalize().map_or_else(
            |_| folder.display().to_string(),
            |folder| folder.display().to_string(),
        );
        let mut judged = Self {
            loaded: None,
            gate,
            as_of: time,
            base: None,
            changed: Vec::new(),
            approved_by: args.approved_by.clone(),
            seen: FirstSeen::new(Sightings::new(), None, time),
            bundle: None,
            name,
            problems: Vec::new(),
        };
        let ruling = portal::for_target(context, args, target)?;
        let sights = ruling.and_then(|ruling| {
            judged.bundle = ruling.bundle;
            judged.bundle.is_some().then_some(ruling.sights)
        });
        match &args.since {
            Some(revision) => judged.against(revision, args, &folder, &here)?,
            None => judged.loaded = judged.load(args.policy.as_deref(), &here)?,
        }
        if gate == Gate::PullRequest && args.since.is_none() && judged.loaded.is_some() {
            judged.odd(
                "the change is judged by its own policy, and what is new in it is not known: no base was given",
                "name the base with --since, such as --since origin/main",
            );
        }
        match sights {
            Some(sights) => judged.seen = FirstSeen::of_portal(sights, judged.as_of),
            None => judged.sightings(context, &folder, given.is_some())?,
        }
        Ok(judged)
    }

    /// The policy of a place, under the portal's where that judges.
    fn load(&self, named: Option<&str>, place: &Where<'_>) -> Result<Option<Loaded>, Failure> {
        policies::load_under(self.bundle.as_ref(), named, place)
    }

    fn odd(&mut self, reason: &str, hint: &str) {
        self.problems.push(Problem {
            path: POLICY.into(),
            line: None,
            kind: ProblemKind::Odd,
            reason: reason.into(),
            hint: Some(hint.into()),
        });
    }

    /// Reads policy, exceptions and statements from the base, and what the change does to them.
    fn against(
        &mut self,
        revision: &str,
        args: &PolicyArgs,
        folder: &Path,
        here: &Where<'_>,
    ) -> Result<(), Failure> {
        let base = repository::base(folder, revision, &wanted, Limits::default())
            .map_err(|error| Failure::new(error).hint("name a commit that is in this clone; a shallow clone has few of them: `git fetch --deepen 100`"))?;
        for path in base.skipped() {
            self.problems.push(Problem {
                path: path.clone(),
                line: None,
                kind: ProblemKind::Unreadable,
                reason: format!("it is too large in {revision}, so what is new in it is not known"),
                hint: None,
            });
        }
        let mark = format!("{revision}:");
        let target = base.target();
        let there = Where {
            target: &target,
            top: Some(base.root()),
            mark: &mark,
        };
        if self.gate == Gate::PullRequest {
            if let Some(link) = base
                .links()
                .iter()
                .find(|path| path.rsplit('/').next() == Some(POLICY))
            {
                return Err(failure(format!(
                    "{mark}{link} is a link, and links of a commit are not followed"
                ))
                .hint("put the policy there itself"));
            }
            // A policy that is named by its path is the base's too.
            let named =
                args.policy
                    .as_deref()
                    .map(|name| match in_base(name, folder, base.root()) {
                        Some(path) => path.display().to_string(),
                        None => name.to_owned(),
                    });
            self.loaded = self.load(named.as_deref(), &there)?;
            self.changes(args.policy.as_deref(), here);
            self.settings(folder, &base);
        } else {
            self.loaded = self.load(args.policy.as_deref(), here)?;
        }
        self.base = Some(base);
        Ok(())
    }

    /// What the change does to the policy that judges it.
    fn changes(&mut self, named: Option<&str>, here: &Where<'_>) {
        let head = self.load(named, here);
        let Some(old) = &self.loaded else {
            if matches!(head, Ok(Some(_))) {
                self.odd(
                    "the policy is new with this change, so it does not judge it yet",
                    "it holds once it is merged",
                );
            }
            return;
        };
        let gone = |reason: String| Change {
            effect: change::Effect::Loosens,
            what: "policy".into(),
            how: reason,
            place: stanchion_policy::file::Place {
                file: POLICY.into(),
                line: 1,
            },
        };
        match head {
            Ok(Some(new)) => {
                self.changed = change::changes(&old.policy, &new.policy);
                self.changed
                    .extend(change::permissions(&old.exceptions, &new.exceptions));
                self.changed
                    .extend(change::statements(&old.claims, &new.claims));
            }
            Ok(None) => self.changed = vec![gone("the change takes the policy away".into())],
            Err(failure) => {
                self.changed = vec![gone(format!(
                    "the change leaves a policy that cannot be used: {}",
                    failure.error
                ))];
            }
        }
    }

    /// What a change leaves out of the scan is not found by it.
    fn settings(&mut self, folder: &Path, base: &Base) {
        let read = |folder: &Path, top: Option<&Path>| {
            let real = folder.canonicalize().ok()?;
            let folders = real
                .ancestors()
                .take_while(|folder| top.is_none_or(|top| folder.starts_with(top)));
            folders
                .map(|folder| folder.join(SETTINGS))
                .find(|file| file.is_file())
                .and_then(|file| std::fs::read(file).ok())
        };
        let top = base.root().canonicalize().ok();
        if self.loaded.is_some() && read(folder, None) != read(&base.target(), top.as_deref()) {
            self.changed.push(Change {
                effect: change::Effect::Loosens,
                what: SETTINGS.into(),
                how: "what is left out of the scan may have changed".into(),
                place: stanchion_policy::file::Place {
                    file: SETTINGS.into(),
                    line: 1,
                },
            });
        }
    }

    /// Leaves out of the inventory what stands beside the policy: documents of others name components of others.
    pub(crate) fn leave_out(&self, options: &mut Options) {
        if self
            .loaded
            .as_ref()
            .is_some_and(|loaded| loaded.prefix.is_empty())
        {
            options.scan.walk.exclude.push(format!("/{VEX}/*.json"));
        }
    }

    /// When findings were first seen, and whether the clock can be believed.
    fn sightings(&mut self, context: &Context, folder: &Path, given: bool) -> Result<(), Failure> {
        let Some(loaded) = &self.loaded else {
            return Ok(());
        };
        let counts = loaded.policy.counts_from_sight();
        let (mut recorded, mut last) = (Sightings::new(), None);
        if let Some(store) = Store::existing(&context.data).map_err(Failure::new)? {
            recorded = store.sightings(&self.name).map_err(Failure::new)?;
            last = store.last_seen(&self.name).map_err(Failure::new)?;
        }
        if let Some(last) = last.filter(|last| !given && *last > self.as_of.as_second() + SKEW)
            && let Ok(last) = Timestamp::from_second(last)
        {
            self.odd(
                &format!("the clock of this machine stands at {}, before the last recorded scan at {last}: the later time counts", self.as_of),
                "set the clock right",
            );
            self.as_of = last;
        }
        self.seen = FirstSeen::new(recorded, counts.then_some(folder), self.as_of);
        Ok(())
    }

    /// The time that counts, RFC 3339.
    pub(crate) fn time(&self) -> String {
        self.as_of.to_string()
    }

    /// The database cannot be newer than now: where it is, the clock is wrong, and the later time counts.
    pub(crate) fn check_clock(&mut self, index: &Index, given: bool) -> Result<(), Failure> {
        if given || self.loaded.is_none() {
            return Ok(());
        }
        let updated = index.meta()?.info(index.snapshot()).updated;
        if let Some(updated) = updated.and_then(|time| time.parse::<Timestamp>().ok())
            && updated.as_second() > self.as_of.as_second() + SKEW
        {
            self.odd(
                &format!("the clock of this machine stands at {}, before the advisories were updated at {updated}: the later time counts", self.as_of),
                "set the clock right",
            );
            self.as_of = updated;
            self.seen.move_to(updated);
        }
        Ok(())
    }

    /// Finds what is wrong, and judges it.
    pub(crate) fn assess(
        &self,
        inventory: Inventory,
        index: &Index,
        options: &Options,
    ) -> Result<Assessment, Failure> {
        let Some(loaded) = &self.loaded else {
            return Ok(stanchion_assess::assess(inventory, index, options, None)?);
        };
        let before = self.before(index, options)?;
        self.seen.follow(&inventory);
        self.with(loaded, before.as_ref(), |judging| {
            Ok(stanchion_assess::assess(
                inventory,
                index,
                options,
                Some(judging),
            )?)
        })
    }

    /// Gives what judging needs, for as long as it is needed.
    pub(crate) fn with<T>(
        &self,
        loaded: &Loaded,
        before: Option<&HashSet<String>>,
        use_it: impl FnOnce(&Judging<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let first_seen = |finding: &Finding| self.seen.of(finding);
        let problems: Vec<Problem> = loaded
            .problems
            .iter()
            .chain(&self.problems)
            .cloned()
            .collect();
        use_it(&Judging {
            policy: &loaded.policy,
            gate: self.gate,
            as_of: self.as_of,
            prefix: &loaded.prefix,
            exceptions: &loaded.exceptions,
            claims: &loaded.claims,
            first_seen: &first_seen,
            before,
            changed: &self.changed,
            approved_by: &self.approved_by,
            problems: &problems,
        })
    }

    /// What was wrong before the change.
    fn before(&self, index: &Index, options: &Options) -> Result<Option<HashSet<String>>, Failure> {
        let (Some(base), Some(loaded)) = (&self.base, &self.loaded) else {
            return Ok(None);
        };
        let tree = Tree::open(&base.target(), stanchion_tree::Limits::default())?;
        let inventory = stanchion_assess::inventory(&tree, "the base", options)?;
        Ok(Some(stanchion_assess::keys(
            &inventory,
            index,
            &options.as_of,
            &loaded.policy,
        )?))
    }

    /// Remembers what was found.
    pub(crate) fn record(&self, context: &Context, assessment: &Assessment) -> Result<(), Failure> {
        let store = Store::open(&context.data)
            .map_err(|error| Failure::new(error).hint("name another folder with --data-dir"))?;
        let findings: Vec<(&str, Option<i64>)> = assessment
            .findings
            .iter()
            .map(|finding| {
                let first = self.seen.of(finding).map(Timestamp::as_second);
                (finding.key.as_str(), first)
            })
            .collect();
        store
            .record(&self.name, self.as_of.as_second(), &findings)
            .map_err(Failure::new)
    }
}

/// Where a file of the checkout stands in the base; `None` for what is in no repository, such as a preset.
fn in_base(name: &str, folder: &Path, base: &Path) -> Option<PathBuf> {
    let root = repository::root_of(folder)?;
    let file = Path::new(name);
    let real = match file.canonicalize() {
        Ok(real) => real,
        // The change may have taken it away.
        Err(_) => std::env::current_dir()
            .ok()?
            .canonicalize()
            .ok()?
            .join(file),
    };
    let inside = real.strip_prefix(root).ok()?;
    let there = base.join(inside);
    there.is_file().then_some(there)
}

/// Files of a base that are read: inventories, and what stands beside a policy.
fn wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    [
        POLICY,
        stanchion_policy::exceptions::FILE,
        stanchion_policy::claims::FILE,
    ]
    .contains(&name)
        || (folder == VEX && name.ends_with(".json"))
        || name.ends_with(".toml")
        || (stanchion_inventory::wants(path) && !stanchion_tree::is_vendored(path))
}

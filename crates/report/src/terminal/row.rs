//! One component of the table: what it says, and how that fits the columns there are.

use crate::group::{Fix, Group, first_place, short_name, step_name};
use crate::plain::{cut, cut_front, safe, tag, width};
use crate::ruling::{Ruling, Standing};

pub(super) struct Row {
    pub(super) score: f64,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) id: String,
    pub(super) others: usize,
    pub(super) tag: String,
    pub(super) fix: String,
    pub(super) has_fix: bool,
    pub(super) ecosystem: &'static str,
    pub(super) place: String,
    pub(super) path: Vec<String>,
    /// The gate is closed for it.
    pub(super) denied: bool,
    /// How it stands by the policy, and that in words.
    pub(super) standing: Option<(Standing, String)>,
    /// Who is responsible, where that tells components apart.
    pub(super) owner: Option<String>,
}

impl Row {
    /// With `rules` it says by which rule as well.
    pub(super) fn of(group: &Group<'_>, ruling: Option<&Ruling<'_>>, rules: bool) -> Self {
        let worst = group.worst();
        let fix = group.fix();
        let owner = |ruling: &Ruling<'_>| {
            ruling.owners_differ().then(|| {
                worst
                    .owner
                    .as_deref()
                    .map_or_else(|| "no owner".into(), safe)
            })
        };
        let standing = |ruling: &Ruling<'_>| {
            let mut words = ruling.words(group);
            if words.is_empty() {
                words = "no date".into();
            }
            if rules && let Some(rule) = ruling.rule_of(group) {
                words = format!("{words} ({})", safe(rule));
            }
            (ruling.standing_of(group), words)
        };
        Self {
            denied: ruling.is_some_and(|ruling| ruling.is_denied(group)),
            standing: ruling.map(standing),
            owner: ruling.and_then(owner),
            score: worst.score.unwrap_or(0.0),
            name: short_name(worst),
            version: safe(&worst.component.version),
            id: safe(&worst.id),
            others: group.findings.len() - 1,
            tag: tag(worst),
            fix: fix.text(),
            has_fix: fix != Fix::Unknown,
            ecosystem: worst.component.ecosystem.purl_type(),
            place: first_place(worst),
            path: worst
                .paths
                .first()
                .map(|path| path.iter().map(|step| safe(step_name(step))).collect())
                .unwrap_or_default(),
        }
    }

    /// Name and version; a name that is too long loses its front, since its end tells most. The version stays.
    pub(super) fn component(&self, columns: usize) -> String {
        let name = cut_front(&self.name, columns.saturating_sub(width(&self.version) + 1));
        cut(&format!("{name} {}", self.version), columns)
    }

    /// `CVE-2021-44228 and 3 more`, or `CVE-2021-44228 +3` where that is too long.
    pub(super) fn why(&self, columns: usize) -> String {
        if self.others == 0 {
            return cut(&self.id, columns);
        }
        let whole = format!("{} and {} more", self.id, self.others);
        if width(&whole) <= columns {
            return whole;
        }
        let short = format!(" +{}", self.others);
        format!(
            "{}{short}",
            cut(&self.id, columns.saturating_sub(width(&short)))
        )
    }

    fn component_width(&self) -> usize {
        width(&self.name) + 1 + width(&self.version)
    }

    /// Columns that the reason takes, in full or in short.
    fn why_width(&self, full: bool) -> usize {
        let digits = self
            .others
            .checked_ilog10()
            .map_or(0, |digits| digits as usize + 1);
        let more = match (self.others, full) {
            (0, _) => 0,
            (_, true) => digits + 10,
            (_, false) => digits + 2,
        };
        width(&self.id)
            + more
            + if self.tag.is_empty() {
                0
            } else {
                2 + width(&self.tag)
            }
    }
}

/// `web > react-scripts > … > lodash` in so many columns: the last step is what is wrong, the first two are what the
/// project itself can change. The project's own name goes first when there is little room.
pub(super) fn cut_path(path: &[String], columns: usize) -> String {
    let whole = path.join(" > ");
    if width(&whole) <= columns {
        return whole;
    }
    let Some((last, before)) = path.split_last() else {
        return String::new();
    };
    let forms = [
        (path.len() > 3).then(|| format!("{} > … > {last}", before[..2].join(" > "))),
        (path.len() > 2)
            .then(|| format!("… > {} > … > {last}", before[1]))
            .filter(|_| path.len() > 3),
        (path.len() == 3).then(|| format!("… > {} > {last}", before[1])),
        (path.len() > 3).then(|| format!("… > {} > …", before[1])),
        Some(format!("… > {last}")),
    ];
    let fitting = forms
        .into_iter()
        .flatten()
        .find(|form| width(form) <= columns);
    fitting.unwrap_or_else(|| cut(&format!("… > {last}"), columns))
}

pub(super) struct Columns {
    pub(super) component: usize,
    pub(super) why: usize,
    pub(super) fix: usize,
    /// Columns for how a component stands; longer words go beyond it.
    pub(super) standing: usize,
    pub(super) owner: usize,
    pub(super) ecosystem: usize,
}

impl Columns {
    pub(super) fn fit(rows: &[Row], total: usize) -> Self {
        let longest = |text: &dyn Fn(&Row) -> usize| rows.iter().map(text).max().unwrap_or(0);
        // Two columns of margin, five of score, and two between each.
        let room = total - 2 - 5 - 6;
        let fix = longest(&|row| width(&row.fix)).clamp(3, 18);
        let standing = longest(&|row| match &row.standing {
            Some((Standing::Excepted(..), _)) | None => 0,
            Some((_, words)) => width(words),
        })
        .min(if total < 100 { 18 } else { total / 3 });
        let owner = longest(&|row| row.owner.as_deref().map_or(0, width)).min(total / 5);
        // Where a policy says more, every column counts.
        let ecosystem = match rows.first() {
            Some(row) if row.standing.is_some() => longest(&|row| width(row.ecosystem)),
            _ => 8,
        };
        let spare = room.saturating_sub(fix);
        let why = longest(&|row| row.why_width(true)).clamp(12, 44);
        let component = longest(&Row::component_width).clamp(9, 48);
        if component + why <= spare {
            return Self {
                component,
                why,
                fix,
                standing,
                owner,
                ecosystem,
            };
        }
        // Too narrow for all: the reason is said in short first, then the component gives way.
        let short = longest(&|row| row.why_width(false))
            .clamp(12, 36)
            .min(spare.saturating_sub(20));
        let why = spare.saturating_sub(component).clamp(short, why);
        Self {
            component: spare.saturating_sub(why),
            why,
            fix,
            standing,
            owner,
            ecosystem,
        }
    }
}

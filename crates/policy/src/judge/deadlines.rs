//! By when: every rule that matches sets its dates, and of each sort the earliest counts.

use jiff::Timestamp;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Deadline, Finding};

use super::facts::is_third_party;
use crate::clock::{self, Calendar, Event, Span, Start};
use crate::condition::Outcome;
use crate::file::{Policy, SlaRule};

/// The rules that apply to a finding. One whose condition cannot be decided applies: not knowing must not win time.
pub(crate) fn applying<'p>(
    policy: &'p Policy,
    answers: &[Outcome],
) -> impl Iterator<Item = &'p SlaRule> {
    policy
        .sla
        .iter()
        .zip(answers.to_vec())
        .filter(|(_, answer)| !answer.is_false())
        .map(|(rule, _)| rule)
}

/// When the clocks of a finding start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Starts {
    pub(crate) detected: Option<Start>,
    /// Nobody recorded when it was first seen.
    pub(crate) assumed: bool,
    pub(crate) published: Option<Start>,
    pub(crate) kev_added: Option<Start>,
    pub(crate) fix_available: Option<Start>,
    /// An exception has ended, and the policy says that the time starts anew.
    pub(crate) restarted: Option<Timestamp>,
}

impl Starts {
    /// Of a finding. Where nobody recorded when it was first seen, it counts as seen when it was published: it cannot
    /// have been seen earlier, and not recording must not win time.
    pub(crate) fn of(finding: &Finding, seen: Option<Timestamp>, as_of: Timestamp) -> Self {
        let published = finding
            .published
            .as_deref()
            .and_then(|time| time.parse().ok());
        let day = |text: &str| text.parse::<jiff::civil::Date>().ok().map(Start::Day);
        let detected = seen.or(published).unwrap_or(as_of);
        Self {
            detected: Some(Start::Moment(detected)),
            assumed: seen.is_none(),
            published: published.map(Start::Moment),
            kev_added: finding.kev.as_ref().and_then(|kev| day(&kev.added)),
            // The advisory that names the fix is the earliest that we know of it.
            fix_available: published
                .filter(|_| !finding.fixed_in.is_empty())
                .map(Start::Moment),
            restarted: None,
        }
    }

    pub(crate) const fn get(&self, event: Event) -> Option<Start> {
        match event {
            Event::Detected => self.detected,
            Event::Published => self.published,
            Event::KevAdded => self.kev_added,
            Event::FixAvailable => self.fix_available,
        }
    }
}

/// A date, and what it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) due: Option<Timestamp>,
    pub(crate) deadline: Deadline,
}

/// The word for the event that most deadlines count from.
const DETECTED: &str = Event::Detected.as_str();

/// Words for [`Deadline::what`].
pub(crate) const TRIAGE: &str = "triage";
pub(crate) const FIX: &str = "fix";
pub(crate) const CONTACT: &str = "contact";
pub(crate) const REPLY: &str = "reply";
pub(crate) const REVIEW: &str = "review";

/// What a rule demands of a finding, before the date is reckoned.
#[derive(Clone, Copy)]
pub(crate) struct Demand<'p> {
    what: &'static str,
    rule: &'p str,
    start: Start,
    word: &'static str,
    assumed: bool,
    /// `None`: with the next upgrade.
    within: Option<Span>,
}

/// All that one rule demands.
pub(crate) fn of_rule<'p>(
    rule: &'p SlaRule,
    severity: Option<Severity>,
    starts: &Starts,
    calendar: &Calendar,
) -> impl Iterator<Item = Demand<'p>> {
    let started = rule.clock.start(calendar, |event| starts.get(event));
    let started = started.map(|(start, event)| {
        let restarted = starts
            .restarted
            .filter(|ended| calendar.instant(start).is_ok_and(|start| *ended > start));
        restarted.map_or((start, event.as_str()), |ended| {
            (Start::Moment(ended), "exception_ended")
        })
    });
    let assumed = starts.assumed;
    let demand = move |what, within| {
        started.map(|(start, word)| Demand {
            what,
            rule: &rule.id,
            start,
            word,
            assumed: word == DETECTED && assumed,
            within,
        })
    };
    let triage = rule.triage.and_then(|span| demand(TRIAGE, Some(span)));
    let fix = rule.due.of(severity).and_then(|due| match due {
        clock::Deadline::Within(span) => demand(FIX, Some(*span)),
        clock::Deadline::NextUpgrade => demand(FIX, None),
    });
    triage.into_iter().chain(fix)
}

impl Demand<'_> {
    pub(crate) fn dated(&self, calendar: &Calendar, as_of: Timestamp) -> Dated {
        let due = self
            .within
            .and_then(|span| calendar.due(self.start, span).ok());
        self.with(due, calendar, as_of)
    }

    fn with(&self, due: Option<Timestamp>, calendar: &Calendar, as_of: Timestamp) -> Dated {
        Dated {
            due,
            deadline: Deadline {
                what: self.what.to_owned(),
                due: due.map(|due| due.to_string()),
                rule: self.rule.to_owned(),
                clock: self.word.to_owned(),
                start: calendar
                    .instant(self.start)
                    .ok()
                    .map(|start| start.to_string()),
                assumed: self.assumed,
                late_days: due.map_or(0, |due| {
                    u32::try_from(calendar.days_late(due, as_of)).unwrap_or(u32::MAX)
                }),
            },
        }
    }
}

/// Of each sort of demand the earliest date; one without a date only where there is no other. Only what can be the
/// earliest is reckoned: of spans of one unit from one start that is the shortest.
pub(crate) fn earliest<'p>(
    demands: impl Iterator<Item = Demand<'p>>,
    calendar: &Calendar,
    as_of: Timestamp,
) -> Vec<Dated> {
    let mut shortest: Vec<Demand<'p>> = Vec::new();
    for demand in demands {
        let unit = demand.within.map(Span::unit);
        let same = shortest.iter_mut().find(|other| {
            other.what == demand.what
                && other.start == demand.start
                && other.within.map(Span::unit) == unit
        });
        match same {
            None => shortest.push(demand),
            Some(other) => {
                if demand.within.map(Span::amount) < other.within.map(Span::amount) {
                    *other = demand;
                }
            }
        }
    }
    let mut kept: Vec<(Option<Timestamp>, Demand<'p>)> = Vec::new();
    for demand in shortest {
        let due = demand
            .within
            .and_then(|span| calendar.due(demand.start, span).ok());
        match kept.iter_mut().find(|(_, other)| other.what == demand.what) {
            None => kept.push((due, demand)),
            Some(other) => {
                let sooner = match (due, other.0) {
                    (Some(due), Some(other)) => due < other,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                if sooner {
                    *other = (due, demand);
                }
            }
        }
    }
    kept.into_iter()
        .map(|(due, demand)| demand.with(due, calendar, as_of))
        .collect()
}

/// The dates of a finding that only its maker can fix.
pub(crate) fn third_party(
    policy: &Policy,
    finding: &Finding,
    starts: &Starts,
    calendar: &Calendar,
    as_of: Timestamp,
) -> Vec<Dated> {
    let rules = &policy.third_party;
    let mut dates: Vec<Dated> = Vec::new();
    let Some(start) = starts.detected.filter(|_| is_third_party(finding)) else {
        return dates;
    };
    let demand = |what, rule, start, within| Demand {
        what,
        rule,
        start,
        word: DETECTED,
        assumed: starts.assumed,
        within: Some(within),
    };
    let mut from = start;
    if let Some(span) = &rules.contact_within {
        let contact =
            demand(CONTACT, "third_party.contact_within", start, span.value).dated(calendar, as_of);
        from = contact.due.map_or(start, Start::Moment);
        dates.push(contact);
    }
    if let Some(span) = &rules.vendor_reply_due {
        dates.push(
            demand(REPLY, "third_party.vendor_reply_due", from, span.value).dated(calendar, as_of),
        );
    }
    if let Some(span) = &rules.review_every {
        let due = next(calendar, start, span.value, as_of);
        dates.push(
            demand(
                REVIEW,
                "third_party.no_patch.review_every",
                start,
                span.value,
            )
            .with(due, calendar, as_of),
        );
    }
    dates
}

/// The first date of a rhythm that has not passed.
fn next(calendar: &Calendar, start: Start, every: Span, as_of: Timestamp) -> Option<Timestamp> {
    let due = |times: u32| {
        every
            .times(times)
            .and_then(|span| calendar.due(start, span).ok())
    };
    let (mut low, mut high) = (1_u32, 1_u32);
    while due(high)? < as_of {
        low = high + 1;
        high = high.checked_mul(2)?;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if due(middle)? < as_of {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    due(high)
}

/// By date; what has none comes last.
pub(crate) fn sort(dates: &mut [Dated]) {
    dates.sort_by(|a, b| {
        a.due
            .is_none()
            .cmp(&b.due.is_none())
            .then(a.due.cmp(&b.due))
    });
}

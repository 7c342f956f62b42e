//! By when: every rule that matches sets its dates, and of each sort the earliest counts.

use jiff::Timestamp;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Deadline, Finding};

use super::facts::is_third_party;
use crate::clock::{self, Calendar, Event, Start};
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
#[derive(Clone, Copy, Debug, Default)]
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

/// All dates that one rule sets.
pub(crate) fn of_rule(
    rule: &SlaRule,
    severity: Option<Severity>,
    starts: &Starts,
    calendar: &Calendar,
    as_of: Timestamp,
) -> Vec<Dated> {
    let mut dates = Vec::new();
    let Some((start, event)) = rule.clock.start(calendar, |event| starts.get(event)) else {
        return dates;
    };
    let word = event.as_str();
    let restarted = starts
        .restarted
        .filter(|ended| calendar.instant(start).is_ok_and(|start| *ended > start));
    let (start, word) = restarted.map_or((start, word), |ended| {
        (Start::Moment(ended), "exception_ended")
    });
    let assumed = word == DETECTED && starts.assumed;
    if let Some(span) = &rule.triage {
        dates.push(dated(
            TRIAGE,
            &rule.id,
            calendar.due(start, *span).ok(),
            start,
            word,
            assumed,
            calendar,
            as_of,
        ));
    }
    if let Some(due) = rule.due.of(severity) {
        let due = match due {
            clock::Deadline::Within(span) => calendar.due(start, *span).ok(),
            clock::Deadline::NextUpgrade => None,
        };
        dates.push(dated(
            FIX, &rule.id, due, start, word, assumed, calendar, as_of,
        ));
    }
    dates
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
    let mut dates = Vec::new();
    let Some(start) = starts.detected.filter(|_| is_third_party(finding)) else {
        return dates;
    };
    let mut add = |what, rule: &str, due: Option<Timestamp>, from| {
        dates.push(dated(
            what,
            rule,
            due,
            from,
            DETECTED,
            starts.assumed,
            calendar,
            as_of,
        ));
        due
    };
    let contact = rules.contact_within.as_ref().and_then(|span| {
        add(
            CONTACT,
            "third_party.contact_within",
            calendar.due(start, span.value).ok(),
            start,
        )
    });
    if let Some(span) = &rules.vendor_reply_due {
        let from = contact.map_or(start, Start::Moment);
        add(
            REPLY,
            "third_party.vendor_reply_due",
            calendar.due(from, span.value).ok(),
            from,
        );
    }
    if let Some(span) = &rules.review_every {
        add(
            REVIEW,
            "third_party.no_patch.review_every",
            next(calendar, start, span.value, as_of),
            start,
        );
    }
    dates
}

/// The first date of a rhythm that has not passed.
fn next(
    calendar: &Calendar,
    start: Start,
    every: clock::Span,
    as_of: Timestamp,
) -> Option<Timestamp> {
    // One step beyond now is found by doubling at most: a rhythm of a minute over decades is not walked through.
    let mut due = calendar.due(start, every).ok()?;
    let mut steps = 0;
    while due < as_of {
        steps += 1;
        if steps > 10_000 {
            return calendar.due(Start::Moment(as_of), every).ok();
        }
        let after = calendar.due(Start::Moment(due), every).ok()?;
        if after <= due {
            return None;
        }
        due = after;
    }
    Some(due)
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is one part of what is told about a date"
)]
fn dated(
    what: &str,
    rule: &str,
    due: Option<Timestamp>,
    start: Start,
    word: &str,
    assumed: bool,
    calendar: &Calendar,
    as_of: Timestamp,
) -> Dated {
    Dated {
        due,
        deadline: Deadline {
            what: what.to_owned(),
            due: due.map(|due| due.to_string()),
            rule: rule.to_owned(),
            clock: word.to_owned(),
            start: calendar.instant(start).ok().map(|start| start.to_string()),
            assumed,
            late_days: due.map_or(0, |due| {
                u32::try_from(calendar.days_late(due, as_of)).unwrap_or(u32::MAX)
            }),
        },
    }
}

/// Of each sort the earliest; one without a date only where there is no other. Sorted by date.
pub(crate) fn earliest(dates: Vec<Dated>) -> Vec<Dated> {
    let mut kept: Vec<Dated> = Vec::new();
    for date in dates {
        match kept
            .iter_mut()
            .find(|other| other.deadline.what == date.deadline.what)
        {
            None => kept.push(date),
            Some(other) => {
                let sooner = match (date.due, other.due) {
                    (Some(date), Some(other)) => date < other,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                if sooner {
                    *other = date;
                }
            }
        }
    }
    kept.sort_by(|a, b| {
        a.due
            .is_none()
            .cmp(&b.due.is_none())
            .then(a.due.cmp(&b.due))
    });
    kept
}

//! Spans and calendars in words, for the document that people sign.

use super::{Calendar, Clock, Event, Span, Unit};

impl Span {
    /// As people say it: `3 days`, `a year`.
    pub fn words(&self) -> String {
        let (one, many) = match self.unit() {
            Unit::Minutes => ("a minute", "minutes"),
            Unit::Hours => ("an hour", "hours"),
            Unit::Days => ("a day", "days"),
            Unit::BusinessDays => ("a business day", "business days"),
            Unit::Weeks => ("a week", "weeks"),
            Unit::Months => ("a month", "months"),
            Unit::Years => ("a year", "years"),
        };
        match self.amount() {
            1 => one.to_owned(),
            amount => format!("{amount} {many}"),
        }
    }

    /// As people say a rhythm: `every 3 days`, `every year`.
    pub fn rhythm(&self) -> String {
        let words = self.words();
        let bare = words
            .strip_prefix("an ")
            .or_else(|| words.strip_prefix("a "))
            .unwrap_or(&words);
        format!("every {bare}")
    }
}

impl Default for Clock {
    /// From the day on which we know of it.
    fn default() -> Self {
        Self::of(Event::Detected)
    }
}

impl Calendar {
    /// On which days nobody works, as a sentence.
    pub fn business_words(&self) -> String {
        let (weekend, holidays) = self.free_days();
        let days = if weekend.is_empty() {
            "Every day of the week is a business day".to_owned()
        } else {
            format!("Business days leave out {}", weekend.join(" and "))
        };
        match holidays {
            0 => format!("{days}."),
            1 => format!("{days}, and one holiday that the policy lists."),
            many => format!("{days}, and {many} holidays that the policy lists."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (text, words, rhythm) in [
            ("1d", "a day", "every day"),
            ("3d", "3 days", "every 3 days"),
            ("1h", "an hour", "every hour"),
            ("5bd", "5 business days", "every 5 business days"),
            ("1y", "a year", "every year"),
        ] {
            let span = Span::parse(text).unwrap();
            assert_eq!(
                (span.words().as_str(), span.rhythm().as_str()),
                (words, rhythm)
            );
        }
        assert_eq!(
            Calendar::default().business_words(),
            "Business days leave out Saturday and Sunday."
        );
    }
}

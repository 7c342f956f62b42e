//! CVSS vectors and their scores: 2.0, 3.0, 3.1 and 4.0.
//!
//! Scores are computed in whole numbers wherever the specification's formula ends on a decimal
//! number, so that no rounding depends on binary fractions. Sources: FIRST's "A Complete Guide to
//! the Common Vulnerability Scoring System 2.0", the specification documents of 3.0, 3.1 and 4.0,
//! and the look-up table and interpolation FIRST publishes for 4.0.

mod metrics;
mod severity;
mod v2;
mod v3;
mod v4;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use severity::Severity;

use metrics::{Group, Metric, table};

/// Most metrics a vector can have (4.0 has 32).
const MOST: usize = 32;

/// Marks a metric that the vector does not give.
const ABSENT: u8 = u8::MAX;

/// A version of CVSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// CVSS 2.0.
    V2,
    /// CVSS 3.0.
    V30,
    /// CVSS 3.1.
    V31,
    /// CVSS 4.0.
    V40,
}

impl Version {
    /// The number: `2.0`, `3.0`, `3.1`, `4.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V30 => "3.0",
            Self::V31 => "3.1",
            Self::V40 => "4.0",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is not a CVSS vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CvssError {
    /// The prefix names no version that is known, or the text is no vector at all.
    #[error(
        "not a CVSS vector: begins with none of CVSS:4.0/, CVSS:3.1/, CVSS:3.0/ and no 2.0 metric"
    )]
    UnknownVersion,
    /// A field is not a metric, a colon and a value.
    #[error("`{0}` is not of the form metric:value")]
    MalformedField(Box<str>),
    /// The version has no such metric.
    #[error("CVSS {version} has no metric `{metric}`; it has {allowed}")]
    UnknownMetric {
        /// The version of the vector.
        version: Version,
        /// The metric as given.
        metric: Box<str>,
        /// The metrics of the version.
        allowed: Box<str>,
    },
    /// The metric has no such value.
    #[error("metric {metric} of CVSS {version} has no value `{value}`; it has {allowed}")]
    UnknownValue {
        /// The version of the vector.
        version: Version,
        /// The abbreviation of the metric.
        metric: &'static str,
        /// The value as given.
        value: Box<str>,
        /// The values of the metric.
        allowed: Box<str>,
    },
    /// A metric is given twice.
    #[error("metric {0} is given twice")]
    DuplicateMetric(&'static str),
    /// A base metric is missing.
    #[error("the base metric {metric} of CVSS {version} is missing; it has the values {allowed}")]
    MissingMetric {
        /// The version of the vector.
        version: Version,
        /// The abbreviation of the metric.
        metric: &'static str,
        /// The values of the metric.
        allowed: Box<str>,
    },
}

/// A CVSS vector: the metrics that were given.
///
/// Small and copied freely; scores are computed when asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vector {
    version: Version,
    /// The place of the value in the metric's list of values, by the place of the metric in the
    /// table of the version; [`ABSENT`] where it is not given.
    values: [u8; MOST],
}

impl Vector {
    /// Reads a vector of any version.
    ///
    /// Metrics may come in any order, as the specifications of 2.0 to 3.1 allow; for 4.0, whose
    /// specification fixes an order, too, since published vectors do not all keep it. A 2.0
    /// vector may have the prefix `CVSS:2.0/` (or `CVSS2#`) and parentheses around it. Space
    /// around the vector is ignored. Letters must have the case the specification gives.
    pub fn parse(text: &str) -> Result<Self, CvssError> {
        let text = text.trim();
        let parted = [
            ("CVSS:4.0/", Version::V40),
            ("CVSS:3.1/", Version::V31),
            ("CVSS:3.0/", Version::V30),
        ]
        .into_iter()
        .find_map(|(prefix, version)| Some((text.strip_prefix(prefix)?, version)));
        let (fields, version) = match parted {
            Some(parted) => parted,
            None => (
                v2::strip(text).ok_or(CvssError::UnknownVersion)?,
                Version::V2,
            ),
        };
        Self::read(fields, version)
    }

    fn read(fields: &str, version: Version) -> Result<Self, CvssError> {
        let table = table(version);
        let mut values = [ABSENT; MOST];
        for field in fields.split('/') {
            let Some((metric, value)) = field.split_once(':') else {
                return Err(CvssError::MalformedField(clip(field)));
            };
            let Some(at) = table.iter().position(|m| m.short == metric) else {
                return Err(CvssError::UnknownMetric {
                    version,
                    metric: clip(metric),
                    allowed: list(table.iter().map(|m| m.short)),
                });
            };
            let metric = &table[at];
            let Some(place) = metric.values.iter().position(|(short, _)| *short == value) else {
                return Err(CvssError::UnknownValue {
                    version,
                    metric: metric.short,
                    value: clip(value),
                    allowed: list(metric.values.iter().map(|v| v.0)),
                });
            };
            if values[at] != ABSENT {
                return Err(CvssError::DuplicateMetric(metric.short));
            }
            values[at] = place as u8;
        }
        for (metric, value) in table.iter().zip(values) {
            if metric.group == Group::Base && value == ABSENT {
                return Err(CvssError::MissingMetric {
                    version,
                    metric: metric.short,
                    allowed: list(metric.values.iter().map(|v| v.0)),
                });
            }
        }
        Ok(Self { version, values })
    }

    /// The version of CVSS.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The score of the base metrics alone, from 0.0 to 10.0 with one decimal (4.0: CVSS-B).
    pub fn base_score(&self) -> f64 {
        tenths(match self.version {
            Version::V2 => v2::base(self),
            Version::V30 | Version::V31 => v3::base(self),
            Version::V40 => v4::score(self, &[]),
        })
    }

    /// The temporal score (4.0: with the threat metric, CVSS-BT).
    ///
    /// 2.0 and 4.0: none if the vector gives no metric of the group. 3.0 and 3.1: always a score,
    /// as FIRST's calculators show it; without temporal metrics it is the base score.
    pub fn temporal_score(&self) -> Option<f64> {
        let score = match self.version {
            Version::V30 | Version::V31 => v3::temporal(self),
            _ if !self.has_temporal() => return None,
            Version::V2 => v2::temporal(self),
            Version::V40 => v4::score(self, &[Group::Temporal]),
        };
        Some(tenths(score))
    }

    /// The environmental score, temporal metrics included (4.0: CVSS-BE or CVSS-BTE).
    ///
    /// 2.0 and 4.0: none if the vector gives no metric of the group. 3.0 and 3.1: always a score,
    /// as FIRST's calculators show it. Without environmental metrics it is the temporal score in
    /// 3.0; in 3.1 it can differ by a little, as 3.1 changed the formula of the modified impact
    /// for a changed scope (specification 3.1, section 7.3).
    pub fn environmental_score(&self) -> Option<f64> {
        let score = match self.version {
            Version::V30 | Version::V31 => v3::environmental(self),
            _ if !self.has_environmental() => return None,
            Version::V2 => v2::environmental(self),
            Version::V40 => v4::score(self, &[Group::Temporal, Group::Environmental]),
        };
        Some(tenths(score))
    }

    /// The score of all that is given: environmental, else temporal, else base.
    pub fn score(&self) -> f64 {
        let score = if self.has_environmental() {
            self.environmental_score()
        } else if self.has_temporal() {
            self.temporal_score()
        } else {
            None
        };
        score.unwrap_or_else(|| self.base_score())
    }

    /// True if a temporal (4.0: threat) metric has a value other than "not defined".
    pub fn has_temporal(&self) -> bool {
        self.has(Group::Temporal)
    }

    /// True if an environmental metric has a value other than "not defined".
    pub fn has_environmental(&self) -> bool {
        self.has(Group::Environmental)
    }

    /// The word for [`Vector::score`] on the scale of the version; for 2.0 on NVD's.
    pub fn severity(&self) -> Severity {
        match self.version {
            Version::V2 => Severity::from_score_v2(self.score()),
            _ => Severity::from_score(self.score()),
        }
    }

    /// The value of a metric as abbreviated in the vector, as `N` for `AV`; none if not given.
    pub fn metric(&self, metric: &str) -> Option<&'static str> {
        self.given()
            .find(|(m, _)| m.short == metric)
            .map(|(_, value)| value.0)
    }

    /// Metrics that are given and their values, abbreviated, in the order of the specification.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.given().map(|(metric, value)| (metric.short, value.0))
    }

    /// The same in words: `("Attack Vector", "Network")`. Metrics that are "not defined" are left
    /// out.
    pub fn explain(&self) -> Vec<(&'static str, &'static str)> {
        self.given()
            .filter(|(_, value)| !undefined(value.0))
            .map(|(metric, value)| (metric.name, value.1))
            .collect()
    }

    fn given(
        &self,
    ) -> impl Iterator<Item = (&'static Metric, &'static (&'static str, &'static str))> {
        table(self.version)
            .iter()
            .zip(self.values)
            .filter_map(|(metric, value)| Some((metric, metric.values.get(usize::from(value))?)))
    }

    fn has(&self, group: Group) -> bool {
        self.given()
            .any(|(metric, value)| metric.group == group && !undefined(value.0))
    }
}

/// True for the value "not defined".
fn undefined(value: &str) -> bool {
    matches!(value, "X" | "ND")
}

/// A score from its tenths; nearest binary number to the decimal, as a literal would be.
fn tenths(score: i32) -> f64 {
    f64::from(score.clamp(0, 100)) / 10.0
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> Box<str> {
    words.collect::<Vec<_>>().join(", ").into()
}

/// What is quoted in an error, not longer than a metric needs.
fn clip(text: &str) -> Box<str> {
    text.chars().take(40).collect::<String>().into()
}

impl fmt::Display for Vector {
    /// The canonical vector: prefix (2.0 has none), metrics in the order of the specification,
    /// those that are "not defined" left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parting = match self.version {
            Version::V2 => "",
            version => {
                write!(f, "CVSS:{version}")?;
                "/"
            }
        };
        for (metric, value) in self.metrics().filter(|(_, value)| !undefined(value)) {
            write!(f, "{parting}{metric}:{value}")?;
            parting = "/";
        }
        Ok(())
    }
}

impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector({self})")
    }
}

impl FromStr for Vector {
    type Err = CvssError;

    fn from_str(text: &str) -> Result<Self, CvssError> {
        Self::parse(text)
    }
}

impl serde::Serialize for Vector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Vector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

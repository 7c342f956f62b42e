//! What is known about a CVE by others: exploitation, prediction, decision points; and when packages end.
//!
//! Each is a section that can be replaced alone. Rows are sorted by the CVE's year and number and found by
//! binary search.

use stanchion_model::finding::{Epss, Exploitation, Kev, Ssvc};

use super::layout::Section;
use super::read::Index;
use super::wire::{Reader, put_str};
use crate::Error;

/// The bytes of the four sections.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) kev: Vec<u8>,
    pub(crate) epss: Vec<u8>,
    pub(crate) ssvc: Vec<u8>,
    pub(crate) eol: Vec<u8>,
}

impl Tables {
    /// Those of an older generation.
    pub(crate) fn of(index: &Index) -> Result<Self, Error> {
        Ok(Self {
            kev: index.whole(Section::Kev)?.to_vec(),
            epss: index.whole(Section::Epss)?.to_vec(),
            ssvc: index.whole(Section::Ssvc)?.to_vec(),
            eol: index.whole(Section::Eol)?.to_vec(),
        })
    }
}

/// Year and number of a CVE id as one number that orders alike.
pub(crate) fn cve_number(id: &str) -> Option<u64> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || !digits(year) || !digits(number) {
        return None;
    }
    Some(
        u64::from(year.parse::<u16>().ok()?) << 48
            | number
                .parse::<u64>()
                .ok()
                .filter(|number| *number < 1 << 48)?,
    )
}

/// Days since 1970 of a date `YYYY-MM-DD`.
pub(crate) fn days(date: &str) -> Option<i32> {
    let date: jiff::civil::Date = date.get(..10)?.parse().ok()?;
    date.since(jiff::civil::date(1970, 1, 1))
        .ok()
        .map(|span| span.get_days())
}

pub(crate) fn date(days: i32) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch
        .checked_add(jiff::Span::new().days(days))
        .map_or_else(|_| String::new(), |date| date.to_string())
}

const KEV: usize = 17;
const EPSS: usize = 16;
const SSVC: usize = 9;
const NO_DAY: i32 = i32::MIN;

/// Rows by CVE number; of two for the same CVE the later one holds.
fn sorted<const N: usize>(rows: Vec<(u64, [u8; N])>) -> Vec<u8> {
    let map: std::collections::BTreeMap<u64, [u8; N]> = rows.into_iter().collect();
    map.iter()
        .flat_map(|(number, row)| number.to_le_bytes().into_iter().chain(*row))
        .collect()
}

pub(crate) fn kev_section(entries: &[(String, Kev)]) -> Vec<u8> {
    sorted(
        entries
            .iter()
            .filter_map(|(cve, kev)| {
                let mut row = [0u8; 9];
                row[..4].copy_from_slice(&days(&kev.added).unwrap_or(NO_DAY).to_le_bytes());
                row[4..8].copy_from_slice(
                    &kev.due
                        .as_deref()
                        .and_then(days)
                        .unwrap_or(NO_DAY)
                        .to_le_bytes(),
                );
                row[8] = u8::from(kev.ransomware);
                Some((cve_number(cve)?, row))
            })
            .collect(),
    )
}

/// Probabilities and percentiles are kept in millionths.
pub(crate) fn epss_section(entries: &[(u64, f64, f64)]) -> Vec<u8> {
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0-1 first")]
    let millionths = |share: f64| ((share.clamp(0.0, 1.0) * 1e6).round() as u32).to_le_bytes();
    sorted(
        entries
            .iter()
            .map(|&(cve, probability, percentile)| {
                let mut row = [0u8; 8];
                row[..4].copy_from_slice(&millionths(probability));
                row[4..].copy_from_slice(&millionths(percentile));
                (cve, row)
            })
            .collect(),
    )
}

pub(crate) fn ssvc_section(entries: &[(u64, Ssvc)]) -> Vec<u8> {
    sorted(
        entries
            .iter()
            .map(|(cve, ssvc)| {
                let exploitation = match ssvc.exploitation {
                    Exploitation::None => 0,
                    Exploitation::Poc => 1,
                    Exploitation::Active => 2,
                };
                (
                    *cve,
                    [exploitation
                        | u8::from(ssvc.automatable) << 2
                        | u8::from(ssvc.total_impact) << 3],
                )
            })
            .collect(),
    )
}

/// The support cycles of a product, under each package that ships it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EolEntry {
    /// Ecosystem by OSV's name, a tab, the name as looked up.
    pub(crate) package: String,
    /// For people.
    pub(crate) product: String,
    /// Name of the cycle (`3.2`) and its last day (`YYYY-MM-DD`, or empty when it has ended on an unknown day).
    pub(crate) cycles: Vec<(String, String)>,
}

pub(crate) fn eol_section(mut entries: Vec<EolEntry>) -> Vec<u8> {
    entries.sort_by(|a, b| a.package.cmp(&b.package));
    entries.dedup_by(|b, a| a.package == b.package);
    let mut body = Vec::new();
    let mut offsets: Vec<u32> = Vec::with_capacity(entries.len());
    for entry in &entries {
        offsets.push(body.len() as u32);
        put_str(&mut body, &entry.package);
        put_str(&mut body, &entry.product);
        super::wire::put(&mut body, entry.cycles.len() as u64);
        for (name, last) in &entry.cycles {
            put_str(&mut body, name);
            put_str(&mut body, last);
        }
    }
    let mut out = (entries.len() as u32).to_le_bytes().to_vec();
    out.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    out.extend(body);
    out
}

/// A cycle that a version belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The product's name for people.
    pub product: String,
    /// The cycle's name.
    pub name: String,
    /// Its last day, `YYYY-MM-DD`; empty when it has ended on a day that the source does not tell.
    pub last_day: String,
}

impl Index {
    fn row<const N: usize>(&self, section: Section, cve: &str) -> Result<Option<[u8; N]>, Error> {
        let Some(wanted) = cve_number(cve) else {
            return Ok(None);
        };
        let (mut low, mut high) = (0, self.length(section) / N);
        while low < high {
            let middle = usize::midpoint(low, high);
            let row = self.part(section, middle * N, N)?;
            let number = u64::from_le_bytes([
                row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7],
            ]);
            match number.cmp(&wanted) {
                std::cmp::Ordering::Equal => return Ok(row.try_into().ok()),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Known exploitation of a CVE.
    pub fn kev(&self, cve: &str) -> Result<Option<Kev>, Error> {
        Ok(self.row::<KEV>(Section::Kev, cve)?.map(|row| {
            let day =
                |at: usize| i32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
            let due = day(12);
            Kev {
                added: date(day(8)),
                due: (due != NO_DAY).then(|| date(due)),
                ransomware: row[16] != 0,
            }
        }))
    }

    /// Expected exploitation of a CVE.
    pub fn epss(&self, cve: &str) -> Result<Option<Epss>, Error> {
        Ok(self.row::<EPSS>(Section::Epss, cve)?.map(|row| {
            let share = |at: usize| {
                f64::from(u32::from_le_bytes([
                    row[at],
                    row[at + 1],
                    row[at + 2],
                    row[at + 3],
                ])) / 1e6
            };
            Epss {
                probability: share(8),
                percentile: share(12),
            }
        }))
    }

    /// CISA's decision points for a CVE.
    pub fn ssvc(&self, cve: &str) -> Result<Option<Ssvc>, Error> {
        Ok(self.row::<SSVC>(Section::Ssvc, cve)?.map(|row| {
            let exploitation = match row[8] & 3 {
                0 => Exploitation::None,
                1 => Exploitation::Poc,
                _ => Exploitation::Active,
            };
            Ssvc {
                exploitation,
                automatable: row[8] & 4 != 0,
                total_impact: row[8] & 8 != 0,
            }
        }))
    }

    /// The support cycle of a package's version: the one whose name is the version's longest leading part.
    pub fn cycle(
        &self,
        ecosystem: &str,
        name: &str,
        version: &str,
    ) -> Result<Option<Cycle>, Error> {
        let section = Section::Eol;
        if self.length(section) < 4 {
            return Ok(None);
        }
        let number = |at: usize| -> Result<usize, Error> {
            let four = self.part(section, at, 4)?;
            Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
        };
        let count = number(0)?;
        let body = 4 + count * 4;
        let wanted = format!("{ecosystem}\t{name}");
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = usize::midpoint(low, high);
            let start = body + number(4 + middle * 4)?;
            let rest = self.length(section).saturating_sub(start);
            let mut reader = Reader::new(self.part(section, start, rest)?);
            let torn = || Error::Damaged("the table of support cycles cannot be read".into());
            let package = reader.str().ok_or_else(torn)?;
            match package.cmp(wanted.as_str()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let product = reader.str().ok_or_else(torn)?;
                    let mut best: Option<(&str, &str)> = None;
                    for _ in 0..reader.u32().ok_or_else(torn)? {
                        let (cycle, last) = (
                            reader.str().ok_or_else(torn)?,
                            reader.str().ok_or_else(torn)?,
                        );
                        if leads(cycle, version)
                            && best.is_none_or(|(known, _)| known.len() < cycle.len())
                        {
                            best = Some((cycle, last));
                        }
                    }
                    return Ok(best.map(|(cycle, last)| Cycle {
                        product: product.into(),
                        name: cycle.into(),
                        last_day: last.into(),
                    }));
                }
            }
        }
        Ok(None)
    }
}

/// Whether a cycle's name is the version's leading part, ending at a border between parts.
fn leads(cycle: &str, version: &str) -> bool {
    let version = version.trim_start_matches(['v', 'V']);
    version
        .strip_prefix(cycle)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        && cycle.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_lead_at_borders() {
        assert!(
            leads("3.2", "3.2.12")
                && leads("2", "2.17.1")
                && leads("1.19", "1.19")
                && leads("7", "v7.1")
        );
        assert!(
            !leads("3.2", "3.20.1")
                && !leads("1", "10.0")
                && !leads("", "1")
                && !leads("lts", "lts")
        );
    }

    #[test]
    fn cve_numbers_order_by_year_then_number() {
        let mut ids = [
            "CVE-2021-44228",
            "CVE-1999-0001",
            "CVE-2021-9",
            "CVE-2022-1",
        ];
        ids.sort_by_key(|id| cve_number(id));
        assert_eq!(
            ids,
            [
                "CVE-1999-0001",
                "CVE-2021-9",
                "CVE-2021-44228",
                "CVE-2022-1"
            ]
        );
        assert_eq!(cve_number("CVE-20211-1"), None);
        assert_eq!(cve_number("GHSA-x"), None);
        assert_eq!(cve_number("CVE-2021-99999999999999999999"), None);
    }

    #[test]
    fn days_and_dates() {
        assert_eq!(days("1970-01-02"), Some(1));
        assert_eq!(date(days("2021-12-10").unwrap()), "2021-12-10");
        assert_eq!(days("soon"), None);
    }
}

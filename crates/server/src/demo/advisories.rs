//! What the portal of the demonstration hears of weaknesses, day by day: real ones, and one that is made up.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::DemoError;
use crate::engine::text_of;

static TEXT: &str = include_str!("advisories.json");

/// The id of what nobody knew of until yesterday. It is made up.
pub const ZERO_DAY: &str = "STANCHION-DEMO-2026-0001";
/// What it would have in CISA's list. No CVE has ever had this year.
const ITS_CVE: &str = "CVE-1900-0001";
/// Where it is: no package of this scope has been published.
pub const COMPONENT: &str = "@stanchion-demo/multipart";

#[derive(Deserialize)]
struct File {
    #[serde(borrow)]
    records: Vec<&'static RawValue>,
    kev: Vec<Value>,
    epss: Value,
    ssvc: Value,
    bought: Vec<Value>,
}

#[derive(Deserialize)]
struct Head {
    arrives: i64,
    absent: Option<(i64, i64)>,
}

/// What is known, and since when.
pub(super) struct Known {
    records: Vec<(Head, &'static str)>,
    kev: Vec<(i64, Value)>,
    epss: Value,
    ssvc: Value,
    bought: Vec<Value>,
}

fn broken(error: &serde_json::Error) -> DemoError {
    DemoError::Data(format!("the advisories: {error}"))
}

impl Known {
    /// As it is written in the file beside this one.
    pub(super) fn read() -> Result<Self, DemoError> {
        let file: File = serde_json::from_str(TEXT).map_err(|error| broken(&error))?;
        let records = file
            .records
            .into_iter()
            .map(|record| Ok((serde_json::from_str(record.get())?, record.get())))
            .collect::<Result<Vec<(Head, &str)>, serde_json::Error>>()
            .map_err(|error| broken(&error))?;
        Ok(Self {
            records,
            kev: file
                .kev
                .into_iter()
                .map(|entry| (entry["arrives"].as_i64().unwrap_or(i64::MAX), entry))
                .collect(),
            epss: file.epss,
            ssvc: file.ssvc,
            bought: file.bought,
        })
    }

    /// The days on which something changes, the first first.
    pub(super) fn days(&self) -> Vec<i64> {
        let mut days: Vec<i64> = self
            .records
            .iter()
            .flat_map(|(head, _)| {
                let (from, to) = head.absent.unwrap_or((head.arrives, head.arrives));
                [head.arrives, from, to]
            })
            .chain(self.kev.iter().map(|(day, _)| *day))
            .filter(|day| *day > 1)
            .collect();
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        days
    }

    /// CISA's list as far as bought products are in it, in its publisher's form.
    pub(super) fn list(&self) -> Value {
        json!({ "vulnerabilities": self.bought })
    }

    /// The advisories of a day as a database. `now` is when they are fetched; `midnight` is when today began.
    pub(super) fn database(&self, day: i64, now: i64, midnight: i64) -> Result<Vec<u8>, DemoError> {
        let mut records: Vec<String> = self
            .records
            .iter()
            .filter(|(head, _)| {
                head.arrives >= day && head.absent.is_none_or(|(from, to)| day > from || day <= to)
            })
            .map(|(_, record)| (*record).to_owned())
            .collect();
        let mut kev: Vec<&Value> = self
            .kev
            .iter()
            .filter(|(arrives, _)| *arrives >= day)
            .map(|(_, entry)| entry)
            .collect();
        if day <= 1 {
            records.push(zero_day(midnight, day == 0).to_string());
        }
        let today = text_of(midnight).chars().take(10).collect::<String>();
        let listed = json!({ "cve": ITS_CVE, "added": today, "ransomware": false });
        if day == 0 {
            kev.push(&listed);
        }
        let text = format!(
            r#"{{"as_of":"{}","records":[{}],"kev":{},"kev_is_whole":true,"epss":{},"ssvc":{}}}"#,
            text_of(now),
            records.join(","),
            json!(kev),
            self.epss,
            self.ssvc
        );
        Ok(stanchion_advisories::small(&text, "full", "demonstration")?)
    }
}

/// The weakness that is made up, as it was told yesterday and, once attacks were seen, today.
fn zero_day(midnight: i64, exploited: bool) -> Value {
    let told = midnight - 86_400 + 14 * 3_600;
    let modified = if exploited { midnight } else { told };
    let seen = if exploited {
        " Attacks have been seen since today."
    } else {
        ""
    };
    json!({
        "id": ZERO_DAY,
        "published": text_of(told),
        "modified": text_of(modified),
        "upstream": [ITS_CVE],
        "summary": format!("Made up for this demonstration: a crafted upload makes the form parser write a file wherever the sender likes.{seen}"),
        "details": "Upgrade to 2.4.1, or refuse uploads until then.",
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
        "affected": [{
            "package": { "ecosystem": "npm", "name": COMPONENT },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "2.0.0" }, { "fixed": "2.4.1" }] }],
        }],
        "database_specific": { "cwe_ids": ["CWE-22", "CWE-434"] },
    })
}

//! The open risk formula: 0 to 100, the sum of four factors, each shown.
//!
//! | factor | points | from |
//! |---|---|---|
//! | severity | 0-45 | 4.5 for each point of the worst CVSS score any source gives; without a vector the middle of the band of the source's word; without a word 5.5, shown as assumed |
//! | exploitation | 0-30 | the strongest of: in CISA's KEV 27, with ransomware use 30; malicious 30; SSVC active 25; EPSS 24 × (1 + log10(p) / 3), 0 below 0.1 %; SSVC public proof of concept 6 |
//! | reach | 0-10 | over the network 4, no privileges needed 2, no user needed 2, automatable 2; without a vector 6, shown as assumed |
//! | exposure | 0-15 | runtime 15, optional 12, build 10, test and development 5 |
//!
//! It never falls when a signal gets worse: each factor is monotone in each of its inputs, and the score is their
//! sum. Data that is missing never lowers it below what a harmless value would give. Weights follow what is
//! known about exploitation: a vulnerability that is used in attacks outranks one that only scores high
//! (CISA BOD 22-01 and 26-04; FIRST's EPSS user guide on combining probability with severity).

use stanchion_model::cvss::{Severity, Vector};
use stanchion_model::finding::{Epss, Exploitation, Factor, Kev, Ssvc};
use stanchion_model::inventory::Scope;

/// What the formula looks at.
#[derive(Clone, Debug)]
pub struct Signals<'a> {
    /// CVSS vectors, as parsed.
    pub cvss: &'a [Vector],
    /// The source's word, where it gives one.
    pub word: Option<Severity>,
    /// The package itself is the attack.
    pub malicious: bool,
    /// Known exploitation.
    pub kev: Option<&'a Kev>,
    /// Expected exploitation.
    pub epss: Option<Epss>,
    /// CISA's decision points.
    pub ssvc: Option<Ssvc>,
    /// Why the component is there.
    pub scope: Scope,
}

/// The score and what makes it up.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// 0-100, one decimal.
    pub value: f64,
    /// Their points add up to the value.
    pub factors: Vec<Factor>,
    /// By the worst score, or the word.
    pub severity: Severity,
    /// No source gave a severity.
    pub assumed: bool,
}

/// Middle of a word's band on the CVSS scale.
pub const fn middle(word: Severity) -> f64 {
    match word {
        Severity::None => 0.0,
        Severity::Low => 2.5,
        Severity::Medium => 5.5,
        Severity::High => 8.0,
        Severity::Critical => 9.5,
    }
}

/// Applies the formula.
pub fn score(signals: &Signals<'_>) -> Score {
    let (severity, word, assumed) = severity(signals);
    let factors = vec![
        severity,
        exploitation(signals),
        reach(signals),
        exposure(signals.scope),
    ];
    let sum: f64 = factors.iter().map(|factor| factor.points).sum();
    Score {
        value: tenths(sum.clamp(0.0, 100.0)),
        factors,
        severity: word,
        assumed,
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn factor(name: &str, value: String, points: f64, max: f64, assumed: bool) -> Factor {
    Factor {
        name: name.into(),
        value,
        points: tenths(points),
        max,
        assumed,
    }
}

fn severity(signals: &Signals<'_>) -> (Factor, Severity, bool) {
    let worst = signals
        .cvss
        .iter()
        .max_by(|a, b| a.score().total_cmp(&b.score()));
    let (value, score, word, assumed) = if signals.malicious {
        (
            "malicious package".to_owned(),
            10.0,
            Severity::Critical,
            false,
        )
    } else if let Some(vector) = worst {
        let score = vector.score();
        (
            format!("{score:.1} (CVSS {})", vector.version().as_str()),
            score,
            vector.severity(),
            false,
        )
    } else if let Some(word) = signals.word {
        (
            format!("{} (the source's word, no vector)", word.as_str()),
            middle(word),
            word,
            false,
        )
    } else {
        (
            "medium (assumed: no source says)".to_owned(),
            middle(Severity::Medium),
            Severity::Medium,
            true,
        )
    };
    (
        factor("severity", value, score * 4.5, 45.0, assumed),
        word,
        assumed,
    )
}

fn exploitation(signals: &Signals<'_>) -> Factor {
    // Below zero, so that a signal that gives no points is still the one that is named.
    let mut best = ("nothing known".to_owned(), -1.0);
    let mut consider = |text: String, points: f64| {
        if points > best.1 {
            best = (text, points);
        }
    };
    if let Some(epss) = signals.epss {
        let points = 24.0 * (1.0 + epss.probability.max(1e-9).log10() / 3.0);
        consider(
            format!("EPSS {}", percent(epss.probability)),
            points.max(0.0),
        );
    }
    match signals.ssvc.map(|ssvc| ssvc.exploitation) {
        Some(Exploitation::Active) => consider("exploited, says CISA (SSVC)".into(), 25.0),
        Some(Exploitation::Poc) => consider("public proof of concept (SSVC)".into(), 6.0),
        _ => {}
    }
    if signals.malicious {
        consider("made to do harm".into(), 30.0);
    }
    if let Some(kev) = signals.kev {
        let ransomware = if kev.ransomware {
            ", ransomware use"
        } else {
            ""
        };
        consider(
            format!("in KEV since {}{ransomware}", kev.added),
            if kev.ransomware { 30.0 } else { 27.0 },
        );
    }
    factor("exploitation", best.0, best.1.max(0.0), 30.0, false)
}

/// A share of one as people read it.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value >= 10.0 {
        format!("{value:.0} %")
    } else if value >= 0.1 {
        format!("{value:.1} %")
    } else {
        "below 0.1 %".into()
    }
}

fn reach(signals: &Signals<'_>) -> Factor {
    let automatable = signals.ssvc.is_some_and(|ssvc| ssvc.automatable);
    let by_vector = |vector: &Vector| {
        let network = vector.metric("AV") == Some("N");
        // CVSS 2 has Authentication in the place of privileges, and knows no user interaction.
        let open = vector.metric("PR") == Some("N") || vector.metric("Au") == Some("N");
        let alone = vector.metric("UI").is_none_or(|value| value == "N");
        (
            f64::from(u8::from(network)) * 4.0
                + f64::from(u8::from(open)) * 2.0
                + f64::from(u8::from(alone)) * 2.0,
            network,
            open,
            alone,
        )
    };
    let best = signals
        .cvss
        .iter()
        .map(by_vector)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (mut points, mut words, assumed) = match best {
        _ if signals.malicious => (8.0, vec!["runs when it is installed or loaded"], false),
        Some((points, network, open, alone)) => {
            let mut words = vec![if network {
                "over the network"
            } else {
                "from nearby or inside"
            }];
            words.push(if open {
                "no privileges"
            } else {
                "needs privileges"
            });
            words.push(if alone {
                "no user needed"
            } else {
                "needs a user"
            });
            (points, words, false)
        }
        None => (6.0, vec!["assumed: no vector says"], true),
    };
    if automatable {
        points += 2.0;
        words.push("automatable");
    }
    factor("reach", words.join(", "), points, 10.0, assumed)
}

fn exposure(scope: Scope) -> Factor {
    let points = match scope {
        Scope::Runtime => 15.0,
        Scope::Optional => 12.0,
        Scope::Build => 10.0,
        Scope::Test | Scope::Dev => 5.0,
    };
    factor(
        "exposure",
        format!("{} scope", scope.as_str()),
        points,
        15.0,
        false,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signals<'a>(cvss: &'a [Vector], kev: Option<&'a Kev>) -> Signals<'a> {
        Signals {
            cvss,
            word: None,
            malicious: false,
            kev,
            epss: None,
            ssvc: None,
            scope: Scope::Runtime,
        }
    }

    #[test]
    fn log4shell_is_at_the_top() {
        let cvss = [Vector::parse("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H").unwrap()];
        let kev = Kev {
            added: "2021-12-10".into(),
            due: None,
            ransomware: true,
        };
        let score = score(&signals(&cvss, Some(&kev)));
        assert!((score.value - 98.0).abs() < 0.01, "{score:?}");
        let sum: f64 = score.factors.iter().map(|factor| factor.points).sum();
        assert!((sum - score.value).abs() < 0.01);
    }

    #[test]
    fn what_is_missing_is_assumed_and_shown() {
        let score = score(&signals(&[], None));
        assert!(score.assumed && score.factors[0].assumed && score.factors[2].assumed);
        assert_eq!(score.severity, Severity::Medium);
    }

    fn any_scope() -> impl Strategy<Value = Scope> {
        prop_oneof![
            Just(Scope::Runtime),
            Just(Scope::Optional),
            Just(Scope::Build),
            Just(Scope::Test),
            Just(Scope::Dev)
        ]
    }

    proptest! {
        #[test]
        fn more_of_any_signal_never_lowers_it(
            low in 0.0f64..1.0, more in 0.0f64..1.0, scope in any_scope(), exploitation in 0u8..3, automatable: bool, kev: bool, ransomware: bool,
            word in 0usize..5,
        ) {
            let known = Kev { added: "2024-01-01".into(), due: None, ransomware };
            let worse = Kev { ransomware: true, ..known.clone() };
            let level = |n: u8| [Exploitation::None, Exploitation::Poc, Exploitation::Active][usize::from(n.min(2))];
            let high = (low + more).min(1.0);
            let base = Signals {
                cvss: &[],
                word: Some(Severity::ALL[word]),
                malicious: false,
                kev: kev.then_some(&known),
                epss: Some(Epss { probability: low, percentile: low }),
                ssvc: Some(Ssvc { exploitation: level(exploitation), automatable, total_impact: false }),
                scope,
            };
            let value = |signals: &Signals<'_>| score(signals).value;
            let start = value(&base);
            prop_assert!((0.0..=100.0).contains(&start));
            let ssvc = |exploitation, automatable| Some(Ssvc { exploitation, automatable, total_impact: true });
            for worse in [
                Signals { word: Some(Severity::ALL[(word + 1).min(4)]), ..base.clone() },
                Signals { malicious: true, ..base.clone() },
                Signals { kev: Some(&worse), ..base.clone() },
                Signals { epss: Some(Epss { probability: high, percentile: high }), ..base.clone() },
                Signals { ssvc: ssvc(level(exploitation + 1), automatable), ..base.clone() },
                Signals { ssvc: ssvc(level(exploitation), true), ..base.clone() },
                Signals { scope: Scope::Runtime, ..base.clone() },
            ] {
                prop_assert!(value(&worse) >= start, "{worse:?} {base:?}");
            }
        }

        #[test]
        fn a_higher_cvss_score_never_lowers_it(a in 0usize..3, b in 0usize..3, c in 0usize..3) {
            let impact = ["N", "L", "H"];
            let vector = |a: usize, b: usize, c: usize| {
                Vector::parse(&format!("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{}/I:{}/A:{}", impact[a], impact[b], impact[c])).unwrap()
            };
            let low = [vector(a, b, c)];
            let high = [vector((a + 1).min(2), b, c)];
            prop_assert!(score(&signals(&high, None)).value >= score(&signals(&low, None)).value);
        }
    }
}

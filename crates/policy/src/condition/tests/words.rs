//! Conditions as they stand in the document that a person signs: each follows "findings".

use super::parse;

#[test]
fn conditions_in_english() {
    let mut wrong = Vec::new();
    for (source, words) in [
        (
            "f.kev && a.exposed",
            "known exploited and exposed to the internet",
        ),
        (
            "f.severity in ['critical','high'] && !f.excepted",
            "of critical or high severity and not covered by an exception",
        ),
        ("true", "of any kind"),
        ("!true", "of no kind"),
        (
            "f.kev == true && false != a.exposed",
            "known exploited and exposed to the internet",
        ),
        ("f.severity == 'critical'", "of critical severity"),
        (
            "f.severity == 'critical' || 'high' == f.severity",
            "of critical or high severity",
        ),
        (
            "f.severity != 'low' && f.severity != 'none'",
            "not of low or no severity",
        ),
        ("f.overdue_days > 0", "overdue"),
        (
            "f.overdue_days > 0 || (f.kev && !f.excepted)",
            "overdue, or known exploited and not covered by an exception",
        ),
        ("f.overdue_days > 7", "more than 7 days overdue"),
        (
            "f.overdue_days == 0 && f.days_left < 3",
            "not overdue and with less than 3 days left",
        ),
        (
            "f.age_days >= 30 && f.known_days > 1",
            "published at least 30 days ago and known to us for more than 1 day",
        ),
        ("f.cvss >= 7.0", "with a CVSS score of at least 7"),
        (
            "f.cvss >= 4.0 && f.cvss < 7",
            "with a CVSS score of at least 4 and below 7",
        ),
        ("9.5 < f.cvss", "with a CVSS score above 9.5"),
        (
            "f.epss > 0.1 || f.epss_percentile >= 0.955",
            "with an EPSS probability above 10 % or with an EPSS percentile of at least 95.5 %",
        ),
        ("!(f.score >= 70.0)", "with a risk score below 70"),
        (
            "has(f.epss) && f.epss >= 0.07",
            "with an EPSS probability of at least 7 %",
        ),
        ("p.tier == 1", "in a product of tier 1"),
        ("p.tier in [1, 2]", "in a product of tier 1 or 2"),
        (
            "p.tier <= 2 && f.direct",
            "in a product whose tier is at most 2 and in a direct dependency",
        ),
        ("f.kind == 'malicious'", "malicious"),
        (
            "f.kind in ['malicious', 'end-of-life']",
            "malicious or past its end of life",
        ),
        ("f.kind != 'vulnerability'", "that is not a vulnerability"),
        (
            "f.exploitation in ['poc','active'] && f.automatable",
            "open to automated attack and either with a public proof of concept or actively exploited",
        ),
        (
            "!(f.exploitation in ['poc','active'])",
            "without a public proof of concept and not actively exploited",
        ),
        (
            "f.scope in ['test', 'dev'] && !f.fix_available",
            "in test or dev scope and without an available fix",
        ),
        ("!f.is_new", "not new"),
        (
            "'pci' in p.tags || 'pii' in p.data_classes",
            "in a product tagged 'pci' or in a product that holds data of class 'pii'",
        ),
        (
            "p.environment == 'production' && p.owner != ''",
            "in a product in the environment 'production' and with a product owner",
        ),
        ("f.owner == ''", "without an owner"),
        (
            "f.licences.exists(x, x.startsWith('GPL') || x == 'AGPL-3.0-only')",
            "with a component licence that starts with 'GPL' or is 'AGPL-3.0-only'",
        ),
        (
            "!f.licences.exists(x, x in ['MIT', 'Apache-2.0'])",
            "not in a component under the licence 'MIT' or 'Apache-2.0'",
        ),
        (
            "f.licences.all(x, x.startsWith('MIT') || x == 'ISC')",
            "with only component licences that start with 'MIT' or are 'ISC'",
        ),
        (
            "!f.cwes.all(x, x.contains('79'))",
            "with a weakness that does not contain '79'",
        ),
        (
            "size(f.cwes) > 0 && f.aliases.size() >= 2",
            "with a weakness and with at least 2 aliases",
        ),
        (
            "f.vectors.exists(v, v in ['remote-code-execution', 'malware'])",
            "usable for remote code execution or malware",
        ),
        (
            "'CWE-79' in f.cwes && f.id != 'CVE-2021-44228'",
            "with the weakness CWE-79 and without the id CVE-2021-44228",
        ),
        (
            "f.name.startsWith('log4j') && !f.name.matches('-api$')",
            "whose component name starts with 'log4j' and whose component name does not match `-api$`",
        ),
        ("f.path == 'apps/web'", "in the project at 'apps/web'"),
        (
            "f.state == 'in_triage' && f.proposed == 'not_affected'",
            "in triage and proposed to be 'not_affected'",
        ),
        ("f.confidence == 'low'", "of low confidence"),
        // Groups.
        (
            "f.kev && (a.exposed || f.severity == 'critical')",
            "known exploited and either exposed to the internet or of critical severity",
        ),
        (
            "(a.exposed || f.ransomware) && f.kev && f.is_new",
            "known exploited, new, and either exposed to the internet or used by ransomware",
        ),
        (
            "(f.kev || f.ransomware) && (a.exposed || f.direct)",
            "either known exploited or used by ransomware, and either exposed to the internet or in a direct dependency",
        ),
        (
            "f.kev && a.exposed || f.ransomware && f.direct",
            "known exploited and exposed to the internet, or used by ransomware and in a direct dependency",
        ),
        (
            "f.overdue_days > 0 || f.kev && a.exposed && !f.excepted",
            "(1) overdue, or (2) known exploited, exposed to the internet and not covered by an exception",
        ),
        (
            "f.kev && (a.exposed || f.direct && f.is_new)",
            "known exploited and either exposed to the internet or both in a direct dependency and new",
        ),
        (
            "f.kev && (a.exposed || f.direct && f.is_new && f.triaged)",
            "known exploited and either exposed to the internet or (in a direct dependency, new and triaged)",
        ),
        (
            "!(f.kev || a.exposed)",
            "not known to be exploited and not exposed to the internet",
        ),
        (
            "!(f.kev && a.exposed)",
            "not known to be exploited or not exposed to the internet",
        ),
        (
            "f.kev && f.ransomware && a.exposed && f.automatable",
            "known exploited, used by ransomware, exposed to the internet and open to automated attack",
        ),
        (
            "f.kev && f.severity in ['critical', 'high', 'medium'] && f.is_new",
            "known exploited, of critical, high or medium severity, and new",
        ),
        // What has no words.
        (
            "f.score * 2.0   > 100.0",
            "for which `f.score * 2.0 > 100.0` holds",
        ),
        (
            "f.kev && !(f.owner == p.owner)",
            "known exploited and for which `f.owner == p.owner` does not hold",
        ),
        (
            "f.kev ? a.exposed : f.direct",
            "for which `f.kev ? a.exposed : f.direct` holds",
        ),
        (
            "f.cwes[0] == 'CWE-79'",
            "for which `f.cwes[0] == 'CWE-79'` holds",
        ),
    ] {
        let said = parse(source).words();
        if said != words {
            wrong.push(format!("{source}\n  {said}\n  {words}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

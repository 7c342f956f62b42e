use std::collections::HashSet;

use super::ThreatVector as T;
use super::*;

fn from_cwes(cwes: &[u32]) -> Vec<ThreatVector> {
    derive(cwes.iter().copied(), None, false)
}

fn from_vector(vector: &str) -> Vec<ThreatVector> {
    derive(std::iter::empty(), Some(&vector.parse().unwrap()), false)
}

#[test]
fn words_are_in_order_and_unique() {
    let mut seen = HashSet::new();
    for (at, row) in WORDS.iter().enumerate() {
        assert_eq!(row.0 as usize, at);
        for word in std::iter::once(&row.1).chain(row.3) {
            assert!(seen.insert(*word), "{word} twice");
            assert_eq!(T::from_id(word), Some(row.0));
        }
    }
    assert_eq!(T::all().len(), WORDS.len());
}

#[test]
fn reads_short_forms() {
    for (word, vector) in [
        ("rce", T::RemoteCodeExecution),
        ("DoS", T::DenialOfService),
        ("xss", T::CrossSiteScripting),
        ("ssrf", T::RequestForgery),
        ("sqli", T::Injection),
        ("Remote code execution", T::RemoteCodeExecution),
        ("data_exposure", T::DataExposure),
    ] {
        assert_eq!(T::from_id(word), Some(vector));
    }
    assert_eq!(T::from_id("nonsense"), None);
    assert_eq!(
        "nonsense".parse::<T>().unwrap_err().to_string(),
        "`nonsense` is no threat vector"
    );
    assert_eq!(
        serde_json::to_string(&T::DenialOfService).unwrap(),
        "\"denial-of-service\""
    );
    assert_eq!(
        serde_json::from_str::<T>("\"dos\"").unwrap(),
        T::DenialOfService
    );
}

#[test]
fn cwes_decide() {
    assert_eq!(from_cwes(&[79]), [T::CrossSiteScripting]);
    assert_eq!(
        from_cwes(&[78, 77, 78]),
        [T::RemoteCodeExecution, T::Injection]
    );
    assert_eq!(
        from_cwes(&[400, 22]),
        [T::PathTraversal, T::DenialOfService]
    );
    assert_eq!(
        from_cwes(&[798]),
        [T::AuthenticationBypass, T::CredentialExposure]
    );
    assert_eq!(from_cwes(&[506]), [T::Malware, T::SupplyChain]);
    assert_eq!(from_cwes(&[20]), []);
    assert_eq!(from_cwes(&[999_999]), []);
    assert_eq!(
        derive(std::iter::empty(), None, true),
        [T::Malware, T::SupplyChain]
    );
    // A CWE that decides leaves CVSS out.
    let stops = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"
        .parse()
        .unwrap();
    assert_eq!(
        derive([79].into_iter(), Some(&stops), false),
        [T::CrossSiteScripting]
    );
    assert_eq!(
        derive([20].into_iter(), Some(&stops), false),
        [T::DenialOfService]
    );
    assert_eq!(
        derive([20].into_iter(), Some(&stops), true),
        [T::Malware, T::SupplyChain]
    );
}

#[test]
fn cvss_decides_little() {
    for (vector, expected) in [
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
            vec![T::DenialOfService],
        ),
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
            vec![T::DataExposure],
        ),
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N",
            vec![T::DataTampering],
        ),
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H",
            vec![T::DataExposure, T::DenialOfService],
        ),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N", vec![]),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:L/A:N", vec![]),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", vec![]),
        // Remote code execution is only possible here.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", vec![]),
        (
            "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H",
            vec![T::PrivilegeEscalation],
        ),
        (
            "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
            vec![T::PrivilegeEscalation],
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:N",
            vec![T::PrivilegeEscalation],
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",
            vec![T::DenialOfService],
        ),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:P", vec![T::DenialOfService]),
        ("AV:L/AC:L/Au:S/C:C/I:C/A:C", vec![T::PrivilegeEscalation]),
    ] {
        assert_eq!(from_vector(vector), expected, "{vector}");
    }
}

#[test]
fn table_has_each_cwe_once() {
    let mut seen = HashSet::new();
    for (cwe, vectors, name) in &cwe::TABLE {
        assert!(seen.insert(cwe), "CWE-{cwe} twice");
        assert!(vectors.is_sorted(), "CWE-{cwe}");
        assert!(!name.is_empty());
    }
    // CWE Top 25 of 2023, 2024 and 2025.
    for cwe in [
        20, 22, 77, 78, 79, 89, 94, 119, 120, 121, 122, 125, 190, 200, 269, 276, 284, 287, 306,
        352, 362, 400, 416, 434, 476, 502, 522, 639, 770, 787, 798, 862, 863, 918,
    ] {
        assert!(seen.contains(&cwe), "CWE-{cwe}");
    }
    assert_eq!(cwe_name(352), Some("Cross-Site Request Forgery (CSRF)"));
    assert_eq!(cwe_name(0), None);
}

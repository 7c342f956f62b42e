//! The words of an analysis, and what they become; the table stands in the module.

use stanchion_model::vex::{Justification, Status};

/// A state of the analysis.
pub(super) struct State {
    pub(super) word: &'static str,
    pub(super) status: Status,
    /// What our status does not say.
    pub(super) lossy: Option<&'static str>,
}

const fn state(word: &'static str, status: Status, lossy: Option<&'static str>) -> State {
    State {
        word,
        status,
        lossy,
    }
}

/// The one that is written for a status is the first.
pub(super) static STATES: [State; 6] = [
    state("exploitable", Status::Affected, None),
    state("in_triage", Status::UnderInvestigation, None),
    state("resolved", Status::Fixed, None),
    state(
        "resolved_with_pedigree",
        Status::Fixed,
        Some("`resolved_with_pedigree` is read as `fixed`, without the pedigree that proves it"),
    ),
    state("not_affected", Status::NotAffected, None),
    state(
        FALSE_POSITIVE,
        Status::NotAffected,
        Some(
            "`false_positive` is read as `not_affected`: something else was taken for the component that is vulnerable",
        ),
    ),
];

/// Its own reason.
pub(super) const FALSE_POSITIVE: &str = "false_positive";

/// A justification of the analysis.
pub(super) struct Reason {
    pub(super) word: &'static str,
    pub(super) label: Justification,
    /// What our label does not say.
    pub(super) lossy: Option<&'static str>,
}

const fn reason(word: &'static str, label: Justification, lossy: Option<&'static str>) -> Reason {
    Reason { word, label, lossy }
}

pub(super) static REASONS: [Reason; 9] = [
    reason(
        "code_not_present",
        Justification::VulnerableCodeNotPresent,
        None,
    ),
    reason(
        "code_not_reachable",
        Justification::VulnerableCodeNotInExecutePath,
        None,
    ),
    reason(
        "requires_configuration",
        Justification::VulnerableCodeCannotBeControlledByAdversary,
        Some("`requires_configuration`: an attack needs a setting that is not made"),
    ),
    reason(
        "requires_dependency",
        Justification::VulnerableCodeCannotBeControlledByAdversary,
        Some("`requires_dependency`: an attack needs a dependency that is not there"),
    ),
    reason(
        "requires_environment",
        Justification::VulnerableCodeCannotBeControlledByAdversary,
        Some("`requires_environment`: an attack needs an environment that is not there"),
    ),
    reason(
        "protected_by_compiler",
        Justification::InlineMitigationsAlreadyExist,
        Some("`protected_by_compiler`: how it was compiled stops an attack"),
    ),
    reason(
        "protected_at_runtime",
        Justification::InlineMitigationsAlreadyExist,
        Some(
            "`protected_at_runtime`: attacks are stopped while it runs, by the product or around it",
        ),
    ),
    reason(
        "protected_at_perimeter",
        Justification::InlineMitigationsAlreadyExist,
        Some("`protected_at_perimeter`: attacks are stopped outside of the product"),
    ),
    reason(
        "protected_by_mitigating_control",
        Justification::InlineMitigationsAlreadyExist,
        Some(
            "`protected_by_mitigating_control`: a control makes attacks less likely or less harmful, which may not be all",
        ),
    ),
];

/// Responses of the analysis.
pub(super) const RESPONSES: [&str; 5] = [
    "can_not_fix",
    "will_not_fix",
    "update",
    "rollback",
    "workaround_available",
];

/// The word that says a label best, and whether it says exactly that.
pub(super) const fn word(label: Justification) -> (&'static str, bool) {
    match label {
        Justification::ComponentNotPresent => ("code_not_present", false),
        Justification::VulnerableCodeNotPresent => ("code_not_present", true),
        Justification::VulnerableCodeNotInExecutePath => ("code_not_reachable", true),
        Justification::VulnerableCodeCannotBeControlledByAdversary => {
            ("requires_environment", false)
        }
        Justification::InlineMitigationsAlreadyExist => ("protected_by_mitigating_control", false),
    }
}

//! Policies to begin with, shipped as data. A new one is a file here and a row below.

/// A policy that is compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name, as in `extends = ["builtin:NAME"]` and `--policy NAME`.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All of them.
pub const REGISTRY: &[Preset] = &[
    Preset {
        name: "startup",
        about: "a small team's first policy: what is exploited, malicious or critical with a fix",
        text: include_str!("startup.toml"),
    },
    Preset {
        name: "strict",
        about: "for products that others depend on: short deadlines, nothing unknown passes",
        text: include_str!("strict.toml"),
    },
    Preset {
        name: "bod-26-04",
        about: "deadlines of CISA's Binding Operational Directive 26-04, by KEV, exposure and SSVC",
        text: include_str!("bod-26-04.toml"),
    },
    Preset {
        name: "pci-4.0.1",
        about: "patching and ranking as PCI DSS 4.0.1 asks (6.3.1, 6.3.2, 6.3.3)",
        text: include_str!("pci-4.0.1.toml"),
    },
    Preset {
        name: "fedramp-vdr-moderate",
        about: "timeframes of FedRAMP's vulnerability detection and response, moderate impact",
        text: include_str!("fedramp-vdr-moderate.toml"),
    },
    Preset {
        name: "cra",
        about: "handling of vulnerabilities as the EU Cyber Resilience Act asks (Annex I part II, Article 14)",
        text: include_str!("cra.toml"),
    },
];

/// By its name, with or without `builtin:`.
pub fn find(name: &str) -> Option<&'static Preset> {
    let name = name.strip_prefix("builtin:").unwrap_or(name);
    REGISTRY.iter().find(|preset| preset.name == name)
}

/// The names, in the order of the registry.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|preset| preset.name)
}

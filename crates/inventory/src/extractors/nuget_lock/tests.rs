use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn version_1_with_frameworks_runtimes_and_projects() {
    check(Case {
        folder: "nuget_lock/testdata/v1",
        file: "packages.lock.json",
        want: &[
            "NuGet Serilog 3.0.1 runtime direct:yes :5,16 needs:System.Memory 4.5.4 sha512",
            "NuGet System.Memory 4.5.4 runtime direct:no :23 needs:",
            "NuGet System.Memory 4.5.5 runtime direct:no :11 needs: sha512",
            "NuGet runtime.native 1.0.0 runtime direct:no :26 needs:System.Memory 4.5.4",
            "NuGet shop.base ? runtime own :13 needs:",
            "NuGet shop.core ? runtime own :12 needs:Serilog 3.0.1,shop.base ?",
        ],
        problems: &[],
    });
}

#[test]
fn version_2_with_central_versions() {
    check(Case {
        folder: "nuget_lock/testdata/v2",
        file: "packages.lock.json",
        want: &[
            "NuGet A 1.0.0 runtime direct:yes :5 needs:B 2.1.0",
            "NuGet B 2.1.0 runtime direct:no :6 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "nuget_lock/testdata/odd",
        file: "packages.lock.json",
        want: &[
            "NuGet A ? runtime direct:no :4 needs:",
            "NuGet B ? runtime direct:no :4 needs:",
        ],
        problems: &[
            "packages.lock.json:4 A has no version",
            "packages.lock.json:4 A needs Gone, which is not in the lockfile",
            "packages.lock.json:4 B has no version",
            "packages.lock.json:4 A is of the unknown type \"New\"",
            "packages.lock.json:4 B is of the unknown type \"\"",
            "packages.lock.json:5 net9.0 is a list, not an object",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("nuget_lock/testdata/v1/packages.lock.json");
}

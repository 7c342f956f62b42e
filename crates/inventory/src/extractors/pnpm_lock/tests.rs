use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn version_5_1_with_hosts_folders_and_git() {
    check(Case {
        folder: "pnpm_lock/testdata/v51",
        file: "pnpm-lock.yaml",
        want: &[
            "npm @corp/private 1.1.0 runtime direct:yes :54 needs: sha1",
            "npm a 1.0.0 runtime direct:yes :12 needs:b 2.0.0,native 1.0.1 sha512",
            "npm b 2.0.0 runtime direct:yes :22 needs: sha1",
            "npm fork 1.0.0 runtime direct:yes :48 needs: git:https://github.com/o/fork@0123456789abcdef0123456789abcdef01234567",
            "npm native 1.0.1 optional direct:no :26 needs: sha1",
            "npm near 0.0.1 runtime own :41 needs:",
            "npm real 4.0.0 runtime direct:yes :31 needs: sha1",
            "npm tester 9.0.0 dev direct:yes :35 needs:b 2.0.0 sha1",
        ],
        problems: &[],
    });
}

#[test]
fn version_5_4_with_importers_that_have_no_manifest() {
    check(Case {
        folder: "pnpm_lock/testdata/v5",
        file: "pnpm-lock.yaml",
        want: &[
            "npm a 1.0.0 runtime direct:yes :24 needs: sha512",
            "npm tester 9.0.0 dev direct:yes :27 needs:a 1.0.0 sha512",
            "npm ui-base ? runtime own :15 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn version_6_under_another_name() {
    check(Case {
        folder: "pnpm_lock/testdata/v6",
        file: "pnpm-lock_old.yaml",
        want: &[
            "npm @s/a 1.0.0 runtime direct:yes :27 needs:b 2.0.0,real 4.0.0 sha512",
            "npm b 2.0.0 optional direct:yes :36 needs: sha512",
            "npm ball 3.0.0 runtime direct:yes :46 needs: url:https://example.com/ball.tgz",
            "npm git-thing 0.1.0 runtime direct:yes :52 needs: git:https://git.example.com/thing.git@0123456789abcdef0123456789abcdef01234567",
            "npm real 4.0.0 runtime direct:yes :42 needs: sha512",
        ],
        problems: &[],
    });
}

#[test]
fn version_9_spreads_scopes_over_snapshots() {
    check(Case {
        folder: "pnpm_lock/testdata/v9",
        file: "pnpm-lock.yaml",
        want: &[
            "generic node 24.4.1 dev direct:yes :73 needs:",
            "npm @shop/ui 0.3.0 runtime own :40 needs:b 2.0.0,injected ?,sheet 0.20.3",
            "npm a 1.0.0 runtime direct:yes :54 needs:b 2.0.0 sha512",
            "npm b 2.0.0 runtime direct:yes :59 needs:c 1.0.0 sha512",
            "npm c 1.0.0 optional direct:no :62 needs: sha512",
            "npm fork 1.0.0 runtime direct:yes :66 needs: git:https://github.com/o/fork@0123456789abcdef0123456789abcdef01234567",
            "npm injected ? runtime own :70 needs:b 2.0.0",
            "npm out ? runtime own :29 needs:",
            "npm real 4.0.0 runtime direct:yes :85 needs: sha512",
            "npm sheet 0.20.3 runtime direct:yes :88 needs: sha512 url:https://cdn.example/sheet.tgz",
            "npm shop 1.0.0 runtime own :15 needs:@shop/ui 0.3.0,a 1.0.0,fork 1.0.0,node 24.4.1,out ?,real 4.0.0,tester 9.0.0",
            "npm tester 9.0.0 dev direct:yes :92 needs:real 4.0.0,unlisted 5.0.0 sha512",
            "npm unlisted 5.0.0 dev direct:no :125 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn both_documents_of_pnpm_11_are_read() {
    check(Case {
        folder: "pnpm_lock/testdata/two",
        file: "pnpm-lock.yaml",
        want: &[
            "npm a 1.0.0 runtime direct:yes :43 needs: sha512",
            "npm plugin 1.0.0 build direct:yes :18 needs: sha512",
            "npm pnpm 12.0.0 build direct:yes :21 needs: sha512",
            "npm two 1.0.0 runtime own :6 needs:a 1.0.0,plugin 1.0.0,pnpm 12.0.0",
        ],
        problems: &[],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "pnpm_lock/testdata/odd",
        file: "pnpm-lock.yaml",
        want: &[
            "npm c 1.0.0 runtime direct:no :12 needs:",
            "npm d ? runtime direct:no :15 needs:",
        ],
        problems: &[
            "pnpm-lock.yaml:5 a has no version",
            "pnpm-lock.yaml:7 the project needs b 1.0.0, which is not in the lockfile",
            "pnpm-lock.yaml:10 devDependencies is a list, not a mapping",
            "pnpm-lock.yaml:12 the entry \"c@1.0.0\" is a string, not a mapping",
            "pnpm-lock.yaml:13 \"github.com/o/r/0123456\" names no package",
            "pnpm-lock.yaml:15 d has no version",
            "pnpm-lock.yaml:19 c@1.0.0 needs e 1.0.0, which is not in the lockfile",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("pnpm_lock/testdata/v9/pnpm-lock.yaml");
    never_panics("pnpm_lock/testdata/v51/pnpm-lock.yaml");
    never_panics("pnpm_lock/testdata/v6/pnpm-lock_old.yaml");
}

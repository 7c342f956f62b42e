use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn classic_with_aliases_git_archives_and_a_manifest() {
    check(Case {
        folder: "yarn_lock/testdata/classic",
        file: "yarn.lock",
        want: &[
            "npm @scope/a 1.2.3 runtime direct:yes :5 needs:@scope/c 2.0.0,b 2.1.0,native 1.0.1 sha1 sha512",
            "npm @scope/c 2.0.0 runtime direct:no :20 needs:b 2.1.0,pinned 1.5.0",
            "npm b 2.1.0 runtime direct:no :16 needs: sha1",
            "npm deep 0.1.0 dev direct:no :66 needs:",
            "npm fork 1.0.0 runtime direct:yes :27 needs: git:https://github.com/o/fork.git@0123456789abcdef0123456789abcdef01234567",
            "npm hosted 3.0.0 runtime direct:yes :31 needs: git:https://github.com/o/hosted@0123456789abcdef0123456789abcdef01234567",
            "npm local 0.0.0 runtime own :35 needs:",
            "npm native 1.0.1 optional direct:no :38 needs:",
            "npm pinned 1.5.0 runtime direct:no :42 needs:",
            "npm pinned 2.0.0 dev direct:no :46 needs:",
            "npm real 4.0.1 runtime direct:yes :50 needs:",
            "npm sheet 0.20.3 runtime direct:yes :54 needs: sha1 url:https://cdn.example/sheet.tgz",
            "npm tester 9.0.0 dev direct:yes :58 needs:b 2.1.0,deep 0.1.0,pinned 2.0.0",
        ],
        problems: &[
            "package.json:0 it asks for forgotten@^1.0.0, which is not in the lockfile beside it",
        ],
    });
}

#[test]
fn classic_workspaces_are_found_by_their_patterns() {
    check(Case {
        folder: "yarn_lock/testdata/workspaces",
        file: "yarn.lock",
        want: &[
            "npm debug 4.0.0 dev direct:no :12 needs:",
            "npm eslint 8.0.0 dev direct:yes :6 needs:debug 4.0.0,lodash 4.17.21",
            "npm lodash 4.17.21 runtime direct:yes :3 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn berry_with_workspaces_patches_and_git() {
    check(Case {
        folder: "yarn_lock/testdata/berry",
        file: "yarn.lock",
        want: &[
            "npm @scope/a 1.2.3 runtime direct:yes :7 needs:b 2.1.0,native 1.0.1",
            "npm b 2.1.0 runtime direct:yes :24,30 needs:",
            "npm deep 0.1.0 dev direct:no :93 needs:",
            "npm fork 1.0.0 dev direct:yes :36 needs: git:https://github.com/o/fork.git@0123456789abcdef0123456789abcdef01234567",
            "npm linked ? runtime own :42 needs:",
            "npm native 1.0.1 optional direct:no :48 needs:",
            "npm private 1.0.0 runtime direct:yes :55 needs:",
            "npm real 4.0.1 runtime direct:yes :61 needs:",
            "npm root 1.0.0 runtime own :67 needs:@scope/a 1.2.3,fork 1.0.0,linked ?,real 4.0.1,tester 9.0.0",
            "npm sheet 0.20.3 runtime direct:yes :79 needs: url:https://cdn.example/sheet.tgz",
            "npm tester 9.0.0 dev direct:yes :85 needs:deep 0.1.0",
            "npm ui ? runtime own :99 needs:b 2.1.0,private 1.0.0,root 1.0.0,sheet 0.20.3",
        ],
        problems: &[],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "yarn_lock/testdata/odd",
        file: "yarn.lock",
        want: &[
            "npm a 1.0.0 runtime direct:yes :5 needs:",
            "npm a 1.1.0 runtime direct:yes :8 needs:",
            "npm b ? runtime direct:yes :15 needs:",
            "npm escaped 1.0.0 runtime direct:yes :18 needs:",
        ],
        problems: &[
            "yarn.lock:2 a line that belongs to no entry",
            "yarn.lock:4 a merge conflict; the lines of both sides were read",
            "yarn.lock:7 a merge conflict; the lines of both sides were read",
            "yarn.lock:10 a merge conflict; the lines of both sides were read",
            "yarn.lock:12 a@^1.1.0 needs missing@^1.0.0, which is not in the lockfile",
            "yarn.lock:13 unterminated  is needed in no version",
            "yarn.lock:15 b has no version",
            "yarn.lock:20 no entry of a lockfile",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("yarn_lock/testdata/classic/yarn.lock");
    never_panics("yarn_lock/testdata/berry/yarn.lock");
}

use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn workspaces_places_aliases_and_every_source() {
    check(Case {
        folder: "bun_lock/testdata/text",
        file: "bun.lock",
        want: &[
            "npm @s/a 1.2.0 runtime direct:yes :39 needs:b 2.0.0,native 1.0.1,typer 5.0.0 sha512",
            "npm @shop/ui 0.2.0 runtime own :25 needs:b 1.5.0,native 1.0.1,shop ?",
            "npm b 1.0.0 runtime direct:no :47 needs:",
            "npm b 1.5.0 runtime direct:yes :45 needs: sha1",
            "npm b 2.0.0 runtime direct:no :41 needs: sha512",
            "npm ball ? runtime direct:yes :49 needs:b 1.0.0 sha512 url:https://cdn.example/ball.tgz",
            "npm deep 0.1.0 dev direct:no :67 needs:typer 5.0.0 sha1",
            "npm fork ? runtime direct:yes :51 needs: git:https://github.com/o/fork@0123456",
            "npm linked ? runtime own :53 needs:",
            "npm native 1.0.1 optional direct:yes :55 needs: sha1",
            "npm near ? runtime own :57 needs:",
            "npm real 4.0.1 runtime direct:yes :59 needs: sha1",
            "npm repo ? runtime direct:yes :61 needs: git:https://git.example/repo.git@0123456789abcdef0123456789abcdef01234567",
            "npm shop ? runtime own :4 needs:@s/a 1.2.0,ball ?,fork ?,linked ?,near ?,real 4.0.1,repo ?,tester 9.0.0,typer 5.0.0",
            "npm tester 9.0.0 dev direct:yes :65 needs:b 1.0.0,deep 0.1.0 sha1",
            "npm typer 5.0.0 optional direct:yes :69 needs: sha1",
        ],
        problems: &[],
    });
}

#[test]
fn the_binary_form_is_told_with_a_hint() {
    check(Case {
        folder: "bun_lock/testdata/binary",
        file: "bun.lockb",
        want: &[],
        problems: &["bun.lockb:0 the file is binary, not text"],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "bun_lock/testdata/odd",
        file: "bun.lock",
        want: &[
            "npm a 1.0.0 runtime direct:yes :5 needs:",
            "npm f ? runtime own :9 needs:",
            "npm odd ? runtime own :3 needs:a 1.0.0",
        ],
        problems: &[
            "bun.lock:3 devDependencies is a list, not an object",
            "bun.lock:3 the project needs gone, which is not in the lockfile",
            "bun.lock:5 a needs b, which is not in the lockfile",
            "bun.lock:6 the entry \"c\" does not start with a name and a version",
            "bun.lock:7 the entry \"d\" does not start with a name and a version",
            "bun.lock:8 \"e\" is no name with a version",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("bun_lock/testdata/text/bun.lock");
}

#[test]
fn the_hint_of_the_binary_form_says_how_to_get_text() {
    use crate::extract::Extractor;

    assert!(
        super::BunLock
            .binary_hint()
            .unwrap()
            .contains("--save-text-lockfile")
    );
}

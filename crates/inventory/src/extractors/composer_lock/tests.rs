use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn an_application_with_every_sort_of_source() {
    check(Case {
        folder: "composer_lock/testdata/app",
        file: "composer.lock",
        want: &[
            "Packagist Monolog/Monolog 3.5.0 runtime direct:yes :30 needs:psr/log 3.0.0 lic:MIT lic:Apache-2.0",
            "Packagist acme/fork v2.0.1 runtime direct:yes :5 needs:Monolog/Monolog 3.5.0 lic:MIT git:https://github.com/acme/fork.git@0123456789abcdef0123456789abcdef01234567",
            "Packagist acme/local dev-main runtime own :13 needs:Monolog/Monolog 3.5.0",
            "Packagist acme/private 1.0.0 runtime direct:yes :19 needs: sha1 lic:proprietary",
            "Packagist acme/trunk dev-master runtime direct:yes :25 needs: git:git@git.corp.example:acme/trunk.git@0123456789abcdef0123456789abcdef01234567",
            "Packagist phpunit/php-code-coverage 10.1.9 dev direct:no :54 needs:",
            "Packagist phpunit/phpunit 10.5.0 dev direct:yes :47 needs:phpunit/php-code-coverage 10.1.9 lic:BSD-3-Clause",
            "Packagist psr/log 3.0.0 runtime direct:no :40 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "composer_lock/testdata/odd",
        file: "composer.lock",
        want: &[
            "Packagist a/a ? runtime direct:yes :3 needs:b/b 1.10",
            "Packagist b/b 1.10 runtime direct:? :6 needs:",
        ],
        problems: &[
            "composer.lock:3 a/a has no version",
            "composer.lock:3 a/a needs gone/gone, which is not in the lockfile",
            "composer.lock:4 an entry that names no package (an object)",
            "composer.lock:5 an entry that names no package (a string)",
            "composer.lock:8 packages-dev is an object, not a list",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("composer_lock/testdata/app/composer.lock");
}

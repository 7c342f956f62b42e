use crate::extractors::testing::{Case, check, never_panics};

#[test]
fn an_application_with_every_section() {
    check(Case {
        folder: "gemfile_lock/testdata/app",
        file: "Gemfile.lock",
        want: &[
            "RubyGems fork 0.10.0 runtime direct:yes :6 needs:rack 3.0.8 git:https://github.com/o/fork.git@0123456789abcdef0123456789abcdef01234567",
            "RubyGems mail 2.8.1 runtime direct:yes :25 needs:",
            "RubyGems mini_portile2 2.8.5 runtime direct:no :26 needs:",
            "RubyGems nokogiri 1.16.0 runtime direct:yes :27,30 needs:mini_portile2 2.8.5,racc 1.7.3 sha256 sha256",
            "RubyGems odd 1.0.0 runtime direct:yes :19 needs: url:https://s3.example/gems",
            "RubyGems racc 1.7.3 runtime direct:no :32 needs:",
            "RubyGems rack 3.0.8 runtime direct:no :33 needs: sha256",
            "RubyGems rspec 3.12.0 test direct:yes :34 needs:rspec-core 3.12.2",
            "RubyGems rspec-core 3.12.2 test direct:no :36 needs:",
            "RubyGems rubocop 1.59.0 dev direct:yes :38 needs:racc 1.7.3",
            "RubyGems shop 0.1.0 runtime own :12 needs:mail 2.8.1",
            "RubyGems sqlite3 1.6.9 dev direct:yes :40 needs:",
        ],
        problems: &[],
    });
}

#[test]
fn a_gem_with_its_development_gems() {
    check(Case {
        folder: "gemfile_lock/testdata/gem",
        file: "gems.locked",
        want: &[
            "RubyGems rake 13.1.0 dev direct:yes :10 needs:",
            "RubyGems thor 1.3.0 runtime direct:yes :11 needs:",
            "RubyGems tool 1.2.0 runtime own :4 needs:thor 1.3.0",
        ],
        problems: &[],
    });
}

#[test]
fn what_is_odd_is_told() {
    check(Case {
        folder: "gemfile_lock/testdata/odd",
        file: "Gemfile.lock",
        want: &[
            "RubyGems a ? runtime direct:yes :4 needs:",
            "RubyGems b 1.0 runtime direct:no :5 needs:",
            "RubyGems c 1.0 runtime direct:no :8 needs:",
            "RubyGems c 1.1 runtime direct:no :10 needs:",
        ],
        problems: &[
            "Gemfile.lock:2 \"early\" is needed by no gem",
            "Gemfile.lock:4 a has no version",
            "Gemfile.lock:6 b needs missing, which is not in the lockfile",
            "Gemfile.lock:7 a merge conflict; the lines of both sides were read",
            "Gemfile.lock:9 a merge conflict; the lines of both sides were read",
            "Gemfile.lock:11 a merge conflict; the lines of both sides were read",
            "Gemfile.lock:15 the project asks for gone, which is locked for none of its platforms",
        ],
    });
}

#[test]
fn no_input_panics() {
    never_panics("gemfile_lock/testdata/app/Gemfile.lock");
}

//! Accounts, roles, sessions, tokens and invitations.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are not told from other code here"
)]

use stanchion_store::people::{self, Account, Binding, Invitation, Session, Token};
use stanchion_store::testing::stores;
use stanchion_store::{Id, Store, StoreError};

fn account(name: &str) -> Account {
    Account {
        id: Id::derive("account", &[name.as_bytes()]),
        name: name.to_owned(),
        display: name.to_uppercase(),
        kind: "person".to_owned(),
        password: Some("$argon2id$...".to_owned()),
        totp: None,
        totp_last: 0,
        issuer: None,
        subject: None,
        disabled: false,
        break_glass: false,
        failed: 0,
        locked_until: 0,
        created: 1,
        seen: None,
        revision: 1,
    }
}

fn binding(role: &str, scope: &str, source: &str) -> Binding {
    let kind = if scope.is_empty() {
        "organisation"
    } else {
        "tag"
    };
    Binding {
        role: role.to_owned(),
        scope_kind: kind.to_owned(),
        scope: scope.to_owned(),
        source: source.to_owned(),
    }
}

fn write<T>(
    store: &Store,
    mut run: impl FnMut(&mut stanchion_store::Tx<'_>) -> Result<T, StoreError>,
) -> T {
    store.write(&mut run).unwrap()
}

#[test]
fn accounts_are_found_by_name_id_and_subject_and_change_by_revision() {
    for fresh in stores() {
        let store = &fresh.store;
        let ann = account("ann");
        let bob = Account {
            issuer: Some("https://idp".to_owned()),
            subject: Some("7".to_owned()),
            password: None,
            ..account("bob")
        };
        write(store, |tx| {
            people::create(tx, &ann)?;
            people::create(tx, &bob)
        });
        let taken = store.write(|tx| {
            let again = Account {
                id: Id::derive("account", &[b"other"]),
                ..account("ann")
            };
            people::create(tx, &again)
        });
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{}", fresh.name);
        let taken = store.write(|tx| {
            let again = Account {
                issuer: bob.issuer.clone(),
                subject: bob.subject.clone(),
                ..account("carl")
            };
            people::create(tx, &again)
        });
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{}", fresh.name);
        write(store, |tx| {
            assert_eq!(people::by_name(tx, "ann")?.as_ref(), Some(&ann));
            assert_eq!(people::by_id(tx, bob.id)?.as_ref(), Some(&bob));
            assert_eq!(
                people::by_subject(tx, "https://idp", "7")?.as_ref(),
                Some(&bob)
            );
            assert_eq!(people::by_subject(tx, "https://other", "7")?, None);
            let page: Vec<String> = people::page(tx, "ann", 10)?
                .into_iter()
                .map(|account| account.name)
                .collect();
            assert_eq!(page, ["bob"]);
            let changed = Account {
                disabled: true,
                ..ann.clone()
            };
            assert!(people::update(tx, &changed)?);
            assert!(
                !people::update(tx, &changed)?,
                "the revision is another now"
            );
            Ok(())
        });
    }
}

#[test]
fn roles_come_with_the_proof_in_one_answer() {
    for fresh in stores() {
        let store = &fresh.store;
        let ann = account("ann");
        let session = Session {
            id: Id::derive("session", &[b"1"]),
            account: ann.id,
            created: 10,
            rotated: 10,
            seen: 10,
            expires: 1_000,
            client: "a browser".to_owned(),
        };
        let token = Token {
            id: Id::derive("token", &[b"1"]),
            account: ann.id,
            name: "ci".to_owned(),
            scopes: vec!["product.read".to_owned()],
            product: None,
            created: 10,
            expires: 1_000,
            used: None,
            revoked: None,
        };
        write(store, |tx| {
            people::create(tx, &ann)?;
            people::begin_session(tx, &session, &[1; 32])?;
            people::create_token(tx, &token, &[2; 32])
        });
        let roles = |store: &Store| {
            write(store, |tx| {
                let by_session = people::session_holder(tx, &[1; 32], 0)?.unwrap();
                let by_token = people::token_holder(tx, &[2; 32])?.unwrap();
                assert_eq!(by_session.bindings, by_token.bindings);
                assert_eq!((&by_session.proof, &by_token.proof), (&session, &token));
                Ok(by_token.bindings.len())
            })
        };
        assert_eq!(roles(store), 0, "{}", fresh.name);
        write(store, |tx| {
            assert!(people::bind(tx, ann.id, &binding("viewer", "", "local"))?);
            assert!(people::bind(
                tx,
                ann.id,
                &binding("triager", "web", "oidc")
            )?);
            assert!(!people::bind(tx, ann.id, &binding("viewer", "", "oidc"))?);
            assert_eq!(people::bindings(tx, ann.id)?.len(), 2);
            Ok(())
        });
        assert_eq!(roles(store), 2, "{}", fresh.name);
        write(store, |tx| {
            assert!(people::unbind(tx, ann.id, "triager", "tag", "web")?);
            assert!(!people::unbind(tx, ann.id, "triager", "tag", "web")?);
            Ok(())
        });
        assert_eq!(roles(store), 1, "{}", fresh.name);
    }
}

#[test]
fn a_replaced_cookie_holds_for_those_on_their_way() {
    for fresh in stores() {
        let ann = account("ann");
        let session = Session {
            id: Id::derive("session", &[b"1"]),
            account: ann.id,
            created: 10,
            rotated: 10,
            seen: 10,
            expires: 1_000,
            client: String::new(),
        };
        write(&fresh.store, |tx| {
            people::create(tx, &ann)?;
            people::begin_session(tx, &session, &[1; 32])?;
            assert!(people::rotate_session(tx, &[1; 32], &[2; 32], 100)?);
            assert!(!people::rotate_session(tx, &[1; 32], &[3; 32], 100)?);
            assert!(people::session_holder(tx, &[2; 32], 99)?.is_some());
            assert!(people::session_holder(tx, &[1; 32], 99)?.is_some());
            assert!(people::session_holder(tx, &[1; 32], 100)?.is_none());
            assert!(people::session_holder(tx, &[3; 32], 0)?.is_none());
            assert_eq!(people::end_sessions(tx, ann.id, Some(session.id))?, 0);
            assert_eq!(people::end_sessions(tx, ann.id, None)?, 1);
            Ok(())
        });
    }
}

#[test]
fn what_works_once_works_once_for_many_at_the_same_time() {
    for fresh in stores() {
        let ann = account("ann");
        let invitation = Invitation {
            id: Id::derive("invitation", &[b"1"]),
            name: "bob".to_owned(),
            display: "Bob".to_owned(),
            role: "viewer".to_owned(),
            scope_kind: "organisation".to_owned(),
            scope: String::new(),
            invited_by: "ann".to_owned(),
            created: 1,
            expires: 100,
            redeemed: None,
        };
        write(&fresh.store, |tx| {
            people::create(tx, &ann)?;
            people::invite(tx, &invitation, &[1; 32])?;
            people::set_recovery(tx, ann.id, &[[5; 32], [6; 32]])?;
            people::begin_sign_in(tx, &[7; 32], &[8; 32], "/", 100)?;
            assert_eq!(
                people::take_sign_in(tx, &[7; 32], &[9; 32], 50)?,
                None,
                "another browser's"
            );
            Ok(())
        });
        let once =
            |run: &(dyn Fn(&mut stanchion_store::Tx<'_>) -> Result<bool, StoreError> + Sync)| {
                let count: usize = std::thread::scope(|scope| {
                    let all: Vec<_> = (0..4)
                        .map(|_| scope.spawn(|| write(&fresh.store, run)))
                        .collect();
                    all.into_iter()
                        .map(|one| usize::from(one.join().unwrap()))
                        .sum()
                });
                assert_eq!(count, 1, "{}", fresh.name);
            };
        once(&|tx| people::redeem(tx, invitation.id, 50));
        once(&|tx| people::take_step(tx, ann.id, 3));
        once(&|tx| people::take_recovery(tx, ann.id, &[5; 32]));
        once(&|tx| people::take_sign_in(tx, &[7; 32], &[8; 32], 50).map(|found| found.is_some()));
        once(&|tx| people::set_up(tx, 5));
        write(&fresh.store, |tx| {
            assert!(!people::take_step(tx, ann.id, 2)?, "an earlier step");
            assert_eq!(people::recovery_left(tx, ann.id)?, 1);
            assert!(people::is_set_up(tx)?);
            Ok(())
        });
    }
}

#[test]
fn what_has_ended_is_swept() {
    for fresh in stores() {
        let ann = account("ann");
        let session = |name: &str, seen: i64, expires: i64| Session {
            id: Id::derive("session", &[name.as_bytes()]),
            account: ann.id,
            created: 0,
            rotated: 0,
            seen,
            expires,
            client: String::new(),
        };
        write(&fresh.store, |tx| {
            people::create(tx, &ann)?;
            people::begin_session(tx, &session("stays", 90, 200), &[1; 32])?;
            people::begin_session(tx, &session("idle", 40, 200), &[2; 32])?;
            people::begin_session(tx, &session("over", 90, 100), &[3; 32])?;
            people::begin_sign_in(tx, &[7; 32], &[8; 32], "/", 100)?;
            assert_eq!(people::sweep(tx, 100, 50, 10)?, 3);
            let left = people::sessions(tx, ann.id)?;
            assert_eq!(left, [session("stays", 90, 200)]);
            Ok(())
        });
    }
}

#[test]
fn an_administrator_is_one_who_gets_in() {
    for fresh in stores() {
        write(&fresh.store, |tx| {
            let ann = account("ann");
            people::create(tx, &ann)?;
            assert_eq!(people::administrators(tx)?, 0);
            people::bind(tx, ann.id, &binding("admin", "web", "local"))?;
            assert_eq!(people::administrators(tx)?, 0, "on a tag only");
            people::bind(tx, ann.id, &binding("admin", "", "local"))?;
            assert_eq!(people::administrators(tx)?, 1);
            people::update(
                tx,
                &Account {
                    disabled: true,
                    ..ann
                },
            )?;
            assert_eq!(people::administrators(tx)?, 0);
            assert!(people::add_member(tx, "role:ciso", account("ann").id)?);
            assert!(!people::add_member(tx, "role:ciso", account("ann").id)?);
            assert_eq!(people::members(tx)?.len(), 1);
            assert!(people::remove_member(tx, "role:ciso", account("ann").id)?);
            Ok(())
        });
    }
}

#[test]
fn all_tokens_are_listed_page_by_page_and_counted() {
    for fresh in stores() {
        write(&fresh.store, |tx| {
            for name in ["ann", "bob"] {
                people::create(tx, &account(name))?;
                for number in 0..3_u8 {
                    let token = Token {
                        id: Id::derive("token", &[name.as_bytes(), &[number]]),
                        account: account(name).id,
                        name: format!("{name}-{number}"),
                        scopes: vec!["own".to_owned()],
                        product: None,
                        created: 7,
                        expires: 100 + i64::from(number),
                        used: None,
                        revoked: None,
                    };
                    let mut hash = [number; 32];
                    hash[0] = name.as_bytes()[0];
                    people::create_token(tx, &token, &hash)?;
                }
            }
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = people::all_tokens(tx, after, 2)?;
                let Some((_, last)) = page.last() else { break };
                after = Some((last.created, last.id));
                for (owner, token) in page {
                    assert!(token.name.starts_with(&owner));
                    seen.push(token.name);
                }
            }
            seen.sort();
            assert_eq!(seen, ["ann-0", "ann-1", "ann-2", "bob-0", "bob-1", "bob-2"]);
            let counts = people::counts(tx, 101)?;
            assert_eq!((counts.people, counts.tokens), (2, 2));
            Ok(())
        });
    }
}

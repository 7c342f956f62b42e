//! Accounts, what they may do, and how they prove who they are. Secrets stand here as SHA-256 only; hashing, sealing and
//! checking is the caller's, and so is the log of changes ([`crate::audit`]), in the same transaction.

mod invitations;

use crate::{Id, Row, StoreError, Tx, Value, params};

pub use invitations::{
    Invitation, begin_sign_in, invitation_by_hash, invitations, invite, redeem, take_sign_in,
    withdraw,
};

/// SHA-256 of a secret.
pub type Hash = [u8; 32];

/// A person or a service.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Random.
    pub id: Id,
    /// Unique, in lower case.
    pub name: String,
    /// As people call them.
    pub display: String,
    /// `person` or `service`.
    pub kind: String,
    /// argon2id as a PHC string; none: no sign-in by password.
    pub password: Option<String>,
    /// The second factor's secret, sealed.
    pub totp: Option<String>,
    /// The last time step that was used.
    pub totp_last: i64,
    /// Who else vouches for them.
    pub issuer: Option<String>,
    /// Their name there.
    pub subject: Option<String>,
    /// Nobody gets in by it.
    pub disabled: bool,
    /// For the day when nobody else gets in: never locked.
    pub break_glass: bool,
    /// Wrong proofs in a row.
    pub failed: i64,
    /// Seconds since 1970.
    pub locked_until: i64,
    /// Seconds since 1970.
    pub created: i64,
    /// When they last signed in; seconds since 1970.
    pub seen: Option<i64>,
    /// Goes up with each change that somebody makes.
    pub revision: i64,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A role, and where it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// Such as `viewer`.
    pub role: String,
    /// `organisation`, `product` or `tag`.
    pub scope_kind: String,
    /// Empty, the product's id, or the tag.
    pub scope: String,
    /// `local`, or `oidc`: replaced at each sign-in there.
    pub source: String,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Stays for as long as the session, unlike its cookie.
    pub id: Id,
    /// Whose.
    pub account: Id,
    /// Seconds since 1970.
    pub created: i64,
    /// When its cookie was last replaced.
    pub rotated: i64,
    /// When it was last used, to the minute.
    pub seen: i64,
    /// When it ends, used or not.
    pub expires: i64,
    /// The browser, for people.
    pub client: String,
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Random.
    pub id: Id,
    /// Whose.
    pub account: Id,
    /// For people.
    pub name: String,
    /// Names of permissions.
    pub scopes: Vec<String>,
    /// Only this product and those below it.
    pub product: Option<Id>,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub expires: i64,
    /// When it was last used, to the minute.
    pub used: Option<i64>,
    /// Since when it holds no more.
    pub revoked: Option<i64>,
}

/// An account as far as a request needs it, with its roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder<T> {
    /// What was shown: a session or a token.
    pub proof: T,
    /// The account's name.
    pub name: String,
    /// As people call them.
    pub display: String,
    /// `person` or `service`.
    pub kind: String,
    /// Nobody gets in by it.
    pub disabled: bool,
    /// Never locked.
    pub break_glass: bool,
    /// Role, kind of scope, scope.
    pub bindings: Vec<(String, String, String)>,
}

const ACCOUNT: &str = "id, name, display, kind, password, totp, totp_last, issuer, subject, disabled, break_glass, failed, locked_until, created, seen, revision";

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        display: row.get(2)?,
        kind: row.get(3)?,
        password: row.get(4)?,
        totp: row.get(5)?,
        totp_last: row.get(6)?,
        issuer: row.get(7)?,
        subject: row.get(8)?,
        disabled: row.get(9)?,
        break_glass: row.get(10)?,
        failed: row.get(11)?,
        locked_until: row.get(12)?,
        created: row.get(13)?,
        seen: row.get(14)?,
        revision: row.get(15)?,
    })
}

/// An account by its name, which is in lower case.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {ACCOUNT} FROM account WHERE name = ?1");
    tx.first(&sql, params![name], account)
}

/// An account by its id.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {ACCOUNT} FROM account WHERE id = ?1");
    tx.first(&sql, params![id], account)
}

/// An account by who vouches for it.
pub fn by_subject(
    tx: &mut Tx<'_>,
    issuer: &str,
    subject: &str,
) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {ACCOUNT} FROM account WHERE issuer = ?1 AND subject = ?2");
    tx.first(&sql, params![issuer, subject], account)
}

/// Accounts in the order of their names, those after one of them.
pub fn page(tx: &mut Tx<'_>, after: &str, limit: usize) -> Result<Vec<Account>, StoreError> {
    let sql = format!("SELECT {ACCOUNT} FROM account WHERE name > ?1 ORDER BY name LIMIT {limit}");
    tx.all(&sql, params![after], account)
}

/// Makes an account; [`StoreError::Taken`] where the name is in use.
pub fn create(tx: &mut Tx<'_>, account: &Account) -> Result<(), StoreError> {
    let columns: Vec<&str> = ACCOUNT.split(", ").collect();
    let values = params![
        account.id,
        &account.name,
        &account.display,
        &account.kind,
        account.password.as_deref(),
        account.totp.as_deref(),
        account.totp_last,
        account.issuer.as_deref(),
        account.subject.as_deref(),
        account.disabled,
        account.break_glass,
        account.failed,
        account.locked_until,
        account.created,
        account.seen,
        account.revision,
    ];
    tx.insert("account", &columns, values, "").map(drop)
}

/// Changes display, password, second factor, and whether it is disabled, of an account whose revision is still the one
/// that was read: `false` where somebody else was faster. The new revision is one higher.
pub fn update(tx: &mut Tx<'_>, account: &Account) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "UPDATE account SET display = ?2, password = ?3, totp = ?4, disabled = ?5, revision = revision + 1 WHERE id = ?1 AND revision = ?6",
        params![
            account.id,
            &account.display,
            account.password.as_deref(),
            account.totp.as_deref(),
            account.disabled,
            account.revision,
        ],
    )?;
    Ok(touched > 0)
}

/// Sets the account's password and forgets wrong tries.
pub fn set_password(tx: &mut Tx<'_>, id: Id, password: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET password = ?2, failed = 0, locked_until = 0, revision = revision + 1 WHERE id = ?1",
        params![id, password],
    )
    .map(drop)
}

/// Sets or takes away the second factor.
pub fn set_totp(
    tx: &mut Tx<'_>,
    id: Id,
    totp: Option<&str>,
    last_step: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET totp = ?2, totp_last = ?3, revision = revision + 1 WHERE id = ?1",
        params![id, totp, last_step],
    )
    .map(drop)
}

/// A change of what an account may do counts as one of the account.
pub fn touch(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET revision = revision + 1 WHERE id = ?1",
        params![id],
    )
    .map(drop)
}

/// Whether a change of the store's people is made by one at a time from here on: takes the end of the log, which every
/// change takes.
pub fn alone(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE audit_head SET seq = seq WHERE one = 1", &[])
        .map(drop)
}

/// Counts a wrong proof, and says how many there were in a row with it.
pub fn failed(tx: &mut Tx<'_>, id: Id) -> Result<i64, StoreError> {
    tx.execute(
        "UPDATE account SET failed = failed + 1 WHERE id = ?1",
        params![id],
    )?;
    let count = tx.first(
        "SELECT failed FROM account WHERE id = ?1",
        params![id],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or_default())
}

/// Locks an account for a while.
pub fn lock(tx: &mut Tx<'_>, id: Id, until: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET locked_until = ?2 WHERE id = ?1",
        params![id, until],
    )
    .map(drop)
}

/// A sign-in worked: forgets wrong tries.
pub fn signed_in(tx: &mut Tx<'_>, id: Id, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET failed = 0, locked_until = 0, seen = ?2 WHERE id = ?1",
        params![id, now],
    )
    .map(drop)
}

/// Takes a time step of the second factor: `false` where it, or a later one, was taken already.
pub fn take_step(tx: &mut Tx<'_>, id: Id, step: i64) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "UPDATE account SET totp_last = ?2 WHERE id = ?1 AND totp_last < ?2",
        params![id, step],
    )?;
    Ok(touched > 0)
}

/// Replaces the recovery codes.
pub fn set_recovery(tx: &mut Tx<'_>, account: Id, hashes: &[Hash]) -> Result<(), StoreError> {
    tx.execute("DELETE FROM recovery WHERE account = ?1", params![account])?;
    let values: Vec<Value<'_>> = hashes
        .iter()
        .flat_map(|hash| params![account, &hash[..]].to_vec())
        .collect();
    tx.insert("recovery", &["account", "hash"], &values, "")
        .map(drop)
}

/// Takes a recovery code: `false` where there is none such.
pub fn take_recovery(tx: &mut Tx<'_>, account: Id, hash: &Hash) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "DELETE FROM recovery WHERE account = ?1 AND hash = ?2",
        params![account, &hash[..]],
    )?;
    Ok(touched > 0)
}

/// How many recovery codes are left.
pub fn recovery_left(tx: &mut Tx<'_>, account: Id) -> Result<i64, StoreError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM recovery WHERE account = ?1",
        params![account],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or_default())
}

/// The roles of an account.
pub fn bindings(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Binding>, StoreError> {
    tx.all(
        "SELECT role, scope_kind, scope, source FROM binding WHERE account = ?1 ORDER BY role, scope_kind, scope",
        params![account],
        |row| {
            Ok(Binding {
                role: row.get(0)?,
                scope_kind: row.get(1)?,
                scope: row.get(2)?,
                source: row.get(3)?,
            })
        },
    )
}

/// Gives a role. One that is there already stays as it is: `false`.
pub fn bind(tx: &mut Tx<'_>, account: Id, binding: &Binding) -> Result<bool, StoreError> {
    let touched = tx.insert(
        "binding",
        &["account", "role", "scope_kind", "scope", "source"],
        params![
            account,
            &binding.role,
            &binding.scope_kind,
            &binding.scope,
            &binding.source
        ],
        "ON CONFLICT (account, role, scope_kind, scope) DO NOTHING",
    )?;
    Ok(touched > 0)
}

/// Takes a role away: `false` where there is none such.
pub fn unbind(
    tx: &mut Tx<'_>,
    account: Id,
    role: &str,
    scope_kind: &str,
    scope: &str,
) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "DELETE FROM binding WHERE account = ?1 AND role = ?2 AND scope_kind = ?3 AND scope = ?4",
        params![account, role, scope_kind, scope],
    )?;
    Ok(touched > 0)
}

/// How many accounts can administer everything: not disabled, with a way in.
pub fn administrators(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let count = tx.first(
        "SELECT COUNT(*) FROM account a JOIN binding b ON b.account = a.id
         WHERE a.disabled = 0 AND a.kind = 'person' AND b.role = 'admin' AND b.scope_kind = 'organisation'
           AND (a.password IS NOT NULL OR a.subject IS NOT NULL)",
        &[],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or_default())
}

/// The people behind the policy's roles: role, account, name.
pub fn members(tx: &mut Tx<'_>) -> Result<Vec<(String, Id, String)>, StoreError> {
    tx.all(
        "SELECT m.role, a.id, a.name FROM policy_member m JOIN account a ON a.id = m.account ORDER BY m.role, a.name",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Puts somebody behind a role of the policy; `false` where they are already.
pub fn add_member(tx: &mut Tx<'_>, role: &str, account: Id) -> Result<bool, StoreError> {
    let touched = tx.insert(
        "policy_member",
        &["role", "account"],
        params![role, account],
        "ON CONFLICT (role, account) DO NOTHING",
    )?;
    Ok(touched > 0)
}

/// Takes somebody out of a role of the policy.
pub fn remove_member(tx: &mut Tx<'_>, role: &str, account: Id) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "DELETE FROM policy_member WHERE role = ?1 AND account = ?2",
        params![role, account],
    )?;
    Ok(touched > 0)
}

const HOLDER: &str =
    "a.name, a.display, a.kind, a.disabled, a.break_glass, b.role, b.scope_kind, b.scope";
const HOLDERS: &str = "JOIN account a ON a.id = p.account LEFT JOIN binding b ON b.account = a.id";

/// Joins the rows of one proof, one a role; `from` is where the account's columns begin.
fn holder<T>(
    tx: &mut Tx<'_>,
    sql: &str,
    values: &[Value<'_>],
    from: usize,
    proof: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<Holder<T>>, StoreError> {
    let mut found: Option<Holder<T>> = None;
    tx.each(sql, values, |row| {
        let holder = match &mut found {
            Some(holder) => holder,
            None => found.insert(Holder {
                proof: proof(row)?,
                name: row.get(from)?,
                display: row.get(from + 1)?,
                kind: row.get(from + 2)?,
                disabled: row.get(from + 3)?,
                break_glass: row.get(from + 4)?,
                bindings: Vec::new(),
            }),
        };
        if let Some(role) = row.get::<Option<String>>(from + 5)? {
            holder
                .bindings
                .push((role, row.get(from + 6)?, row.get(from + 7)?));
        }
        Ok(())
    })?;
    Ok(found)
}

const SESSION: &str = "p.id, p.account, p.created, p.rotated, p.seen, p.expires, p.client";

fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.get(0)?,
        account: row.get(1)?,
        created: row.get(2)?,
        rotated: row.get(3)?,
        seen: row.get(4)?,
        expires: row.get(5)?,
        client: row.get(6)?,
    })
}

/// Whose session a cookie is, with account and roles, in one read. The cookie that was replaced last is taken as well
/// where that was after `since`.
pub fn session_holder(
    tx: &mut Tx<'_>,
    hash: &Hash,
    since: i64,
) -> Result<Option<Holder<Session>>, StoreError> {
    let sql = format!("SELECT {SESSION}, {HOLDER} FROM session p {HOLDERS} WHERE p.hash = ?1");
    if let Some(found) = holder(tx, &sql, params![&hash[..]], 7, session)? {
        return Ok(Some(found));
    }
    let sql = format!(
        "SELECT {SESSION}, {HOLDER} FROM session p {HOLDERS} WHERE p.previous = ?1 AND p.rotated > ?2"
    );
    holder(tx, &sql, params![&hash[..], since], 7, session)
}

/// Begins a session.
pub fn begin_session(tx: &mut Tx<'_>, session: &Session, hash: &Hash) -> Result<(), StoreError> {
    tx.insert(
        "session",
        &[
            "id", "hash", "account", "created", "rotated", "seen", "expires", "client",
        ],
        params![
            session.id,
            &hash[..],
            session.account,
            session.created,
            session.rotated,
            session.seen,
            session.expires,
            &session.client
        ],
        "",
    )
    .map(drop)
}

/// Gives a session a new cookie, if it still has the old one.
pub fn rotate_session(
    tx: &mut Tx<'_>,
    old: &Hash,
    new: &Hash,
    now: i64,
) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "UPDATE session SET hash = ?2, previous = ?1, rotated = ?3, seen = ?3 WHERE hash = ?1",
        params![&old[..], &new[..], now],
    )?;
    Ok(touched > 0)
}

/// Writes down that a session is in use.
pub fn session_seen(tx: &mut Tx<'_>, id: Id, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE session SET seen = ?2 WHERE id = ?1 AND seen < ?2",
        params![id, now],
    )
    .map(drop)
}

/// The sessions of an account, the latest used first.
pub fn sessions(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Session>, StoreError> {
    let sql = format!(
        "SELECT {SESSION} FROM session p WHERE p.account = ?1 ORDER BY p.seen DESC, p.id LIMIT 1000"
    );
    tx.all(&sql, params![account], session)
}

/// Ends one session of an account.
pub fn end_session(tx: &mut Tx<'_>, account: Id, id: Id) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "DELETE FROM session WHERE id = ?1 AND account = ?2",
        params![id, account],
    )?;
    Ok(touched > 0)
}

/// Ends all sessions of an account but one, and says how many there were.
pub fn end_sessions(tx: &mut Tx<'_>, account: Id, but: Option<Id>) -> Result<u64, StoreError> {
    // No session has the id of nothing.
    tx.execute(
        "DELETE FROM session WHERE account = ?1 AND id <> ?2",
        params![account, but.unwrap_or_default()],
    )
}

/// Takes away what has ended: sessions (idle since `idle` as well), sign-ins under way, invitations and tokens that ended
/// before `old`.
pub fn sweep(tx: &mut Tx<'_>, now: i64, idle: i64, old: i64) -> Result<u64, StoreError> {
    let mut gone = tx.execute(
        "DELETE FROM session WHERE expires <= ?1 OR seen <= ?2",
        params![now, idle],
    )?;
    gone += tx.execute("DELETE FROM sign_in WHERE expires <= ?1", params![now])?;
    gone += tx.execute("DELETE FROM invitation WHERE expires <= ?1", params![old])?;
    gone += tx.execute("DELETE FROM token WHERE expires <= ?1", params![old])?;
    Ok(gone)
}

const TOKEN: &str =
    "p.id, p.account, p.name, p.scopes, p.product, p.created, p.expires, p.used, p.revoked";

fn token(row: &Row<'_>) -> Result<Token, StoreError> {
    let scopes: String = row.get(3)?;
    Ok(Token {
        id: row.get(0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        scopes: serde_json::from_str(&scopes).map_err(|error| StoreError::Kept {
            what: "a token".into(),
            reason: error.to_string(),
        })?,
        product: row.get(4)?,
        created: row.get(5)?,
        expires: row.get(6)?,
        used: row.get(7)?,
        revoked: row.get(8)?,
    })
}

/// Whose token this is, with account and roles, in one read.
pub fn token_holder(tx: &mut Tx<'_>, hash: &Hash) -> Result<Option<Holder<Token>>, StoreError> {
    let sql = format!("SELECT {TOKEN}, {HOLDER} FROM token p {HOLDERS} WHERE p.hash = ?1");
    holder(tx, &sql, params![&hash[..]], 9, token)
}

/// Makes a token.
pub fn create_token(tx: &mut Tx<'_>, token: &Token, hash: &Hash) -> Result<(), StoreError> {
    let scopes = serde_json::to_string(&token.scopes).unwrap_or_else(|_| "[]".into());
    tx.insert(
        "token",
        &[
            "id", "hash", "account", "name", "scopes", "product", "created", "expires",
        ],
        params![
            token.id,
            &hash[..],
            token.account,
            &token.name,
            scopes,
            token.product,
            token.created,
            token.expires
        ],
        "",
    )
    .map(drop)
}

/// The tokens of an account, the newest first.
pub fn tokens(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Token>, StoreError> {
    let sql = format!(
        "SELECT {TOKEN} FROM token p WHERE p.account = ?1 ORDER BY p.created DESC, p.id LIMIT 1000"
    );
    tx.all(&sql, params![account], token)
}

/// All tokens with the names of their accounts, the newest first; those after one of them where it is given by when it was
/// made and its id.
pub fn all_tokens(
    tx: &mut Tx<'_>,
    after: Option<(i64, Id)>,
    limit: usize,
) -> Result<Vec<(String, Token)>, StoreError> {
    let sql = |condition: &str| {
        format!(
            "SELECT {TOKEN}, a.name FROM token p JOIN account a ON a.id = p.account {condition}
             ORDER BY p.created DESC, p.id DESC LIMIT {limit}"
        )
    };
    let read = |row: &Row<'_>| Ok((row.get(9)?, token(row)?));
    match after {
        None => tx.all(&sql(""), &[], read),
        Some((created, id)) => tx.all(
            &sql("WHERE p.created <= ?1 AND (p.created < ?1 OR p.id < ?2)"),
            params![created, id],
            read,
        ),
    }
}

/// How many people, services, disabled accounts, and tokens that hold there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People who can get in.
    pub people: i64,
    /// Services that can.
    pub services: i64,
    /// Accounts by which nobody gets in.
    pub disabled: i64,
    /// Tokens that hold.
    pub tokens: i64,
}

/// Counts accounts and tokens.
pub fn counts(tx: &mut Tx<'_>, now: i64) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    tx.each(
        "SELECT kind, disabled, COUNT(*) FROM account GROUP BY kind, disabled",
        &[],
        |row| {
            let (kind, disabled): (String, bool) = (row.get(0)?, row.get(1)?);
            let place = match (disabled, kind.as_str()) {
                (true, _) => &mut counts.disabled,
                (false, "service") => &mut counts.services,
                (false, _) => &mut counts.people,
            };
            *place += row.get::<i64>(2)?;
            Ok(())
        },
    )?;
    counts.tokens = tx
        .first(
            "SELECT COUNT(*) FROM token WHERE revoked IS NULL AND expires > ?1",
            params![now],
            |row| row.get(0),
        )?
        .unwrap_or(0);
    Ok(counts)
}

/// A token of an account.
pub fn token_by_id(tx: &mut Tx<'_>, account: Id, id: Id) -> Result<Option<Token>, StoreError> {
    let sql = format!("SELECT {TOKEN} FROM token p WHERE p.id = ?1 AND p.account = ?2");
    tx.first(&sql, params![id, account], token)
}

/// Writes down that a token is in use.
pub fn token_used(tx: &mut Tx<'_>, id: Id, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE token SET used = ?2 WHERE id = ?1 AND (used IS NULL OR used < ?2)",
        params![id, now],
    )
    .map(drop)
}

/// Lets a token hold no more: `false` where it is not there, or did so already.
pub fn revoke_token(tx: &mut Tx<'_>, account: Id, id: Id, now: i64) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "UPDATE token SET revoked = ?3 WHERE id = ?1 AND account = ?2 AND revoked IS NULL",
        params![id, account, now],
    )?;
    Ok(touched > 0)
}

/// Ends the session of a cookie, and says whether there was one.
pub fn end_session_of(tx: &mut Tx<'_>, hash: &Hash) -> Result<bool, StoreError> {
    let touched = tx.execute("DELETE FROM session WHERE hash = ?1", params![&hash[..]])?;
    Ok(touched > 0)
}

/// The setting that says that the portal has, or had, an administrator.
const SET_UP: &str = "set-up";

/// Whether the portal has, or had, an administrator.
pub fn is_set_up(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let found = tx.first(
        "SELECT 1 FROM setting WHERE name = ?1",
        params![SET_UP],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Writes down that the portal has an administrator now: `true` for the first who says so.
pub fn set_up(tx: &mut Tx<'_>, now: i64) -> Result<bool, StoreError> {
    let touched = tx.insert(
        "setting",
        &["name", "value", "revision"],
        params![SET_UP, now.to_string(), 1_i64],
        "ON CONFLICT (name) DO NOTHING",
    )?;
    Ok(touched > 0)
}

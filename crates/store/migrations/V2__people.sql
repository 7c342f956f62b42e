-- Who may do what. Times are seconds since 1970, UTC; secrets stand here as hashes only.

-- Settings of the portal itself, as JSON.
CREATE TABLE setting (
    name      TEXT   NOT NULL PRIMARY KEY,
    value     TEXT   NOT NULL,
    revision  BIGINT NOT NULL
) {strict};

-- A person, or a service that acts on its own.
CREATE TABLE account (
    id           {blob} NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL UNIQUE, -- an address or a login, in lower case
    display      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,        -- person, service
    password     TEXT,                   -- argon2id, PHC string; none: no local sign-in
    totp         TEXT,                   -- the secret, sealed with the portal's key
    totp_last    BIGINT NOT NULL DEFAULT 0, -- the last time step that was used: none is taken twice
    issuer       TEXT,                   -- who else vouches for it
    subject      TEXT,
    disabled     BIGINT NOT NULL DEFAULT 0,
    break_glass  BIGINT NOT NULL DEFAULT 0,
    failed       BIGINT NOT NULL DEFAULT 0, -- wrong passwords in a row
    locked_until BIGINT NOT NULL DEFAULT 0,
    created      BIGINT NOT NULL,
    seen         BIGINT,
    revision     BIGINT NOT NULL
) {strict};
CREATE UNIQUE INDEX account_subject ON account (issuer, subject) WHERE subject IS NOT NULL;

-- A role of an account, and where it holds: everywhere, below a product, or on a tag.
CREATE TABLE binding (
    account    {blob} NOT NULL,
    role       TEXT   NOT NULL, -- viewer, auditor, triager, maintainer, approver, admin
    scope_kind TEXT   NOT NULL, -- organisation, product, tag
    scope      TEXT   NOT NULL, -- empty, the product's id, the tag
    source     TEXT   NOT NULL, -- local, oidc
    PRIMARY KEY (account, role, scope_kind, scope)
) {strict};

-- Roles of the policy, such as role:ciso, and the people behind them.
CREATE TABLE policy_member (
    role    TEXT   NOT NULL,
    account {blob} NOT NULL,
    PRIMARY KEY (role, account)
) {strict};

-- Codes for the day on which the second factor is lost. Each is taken once, and goes.
CREATE TABLE recovery (
    account {blob} NOT NULL,
    hash    {blob} NOT NULL, -- SHA-256 of the code
    PRIMARY KEY (account, hash)
) {strict};

CREATE TABLE session (
    id       {blob} NOT NULL PRIMARY KEY,
    hash     {blob} NOT NULL UNIQUE, -- SHA-256 of the cookie
    previous {blob},                 -- of the cookie before it: requests that were under way still come with it
    account  {blob} NOT NULL,
    created  BIGINT NOT NULL,
    rotated  BIGINT NOT NULL,
    seen     BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    client   TEXT   NOT NULL
) {strict};
CREATE INDEX session_previous ON session (previous) WHERE previous IS NOT NULL;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE token (
    id       {blob} NOT NULL PRIMARY KEY,
    hash     {blob} NOT NULL UNIQUE, -- SHA-256 of the token
    account  {blob} NOT NULL,
    name     TEXT   NOT NULL,
    scopes   TEXT   NOT NULL, -- JSON list of permissions
    product  {blob},          -- only this product and those below it
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    used     BIGINT,
    revoked  BIGINT
) {strict};
CREATE INDEX token_account ON token (account);

CREATE TABLE invitation (
    id         {blob} NOT NULL PRIMARY KEY,
    hash       {blob} NOT NULL UNIQUE, -- SHA-256 of the link's secret
    name       TEXT   NOT NULL,
    display    TEXT   NOT NULL,
    role       TEXT   NOT NULL,
    scope_kind TEXT   NOT NULL,
    scope      TEXT   NOT NULL,
    invited_by TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    redeemed   BIGINT
) {strict};
CREATE INDEX invitation_created ON invitation (created);

-- A sign-in with somebody else that is under way. Nonce and verifier are made of the browser's cookie, not kept.
CREATE TABLE sign_in (
    state   {blob} NOT NULL PRIMARY KEY, -- SHA-256 of the state
    browser {blob} NOT NULL,             -- SHA-256 of the cookie of the browser that began it
    back_to TEXT   NOT NULL,
    expires BIGINT NOT NULL
) {strict};
CREATE INDEX sign_in_expires ON sign_in (expires);

-- Every change, who made it, from what to what. Each row holds the hash of the one before.
CREATE TABLE audit (
    seq      BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    before   TEXT,
    after    TEXT,
    request  TEXT,
    previous {blob} NOT NULL,
    hash     {blob} NOT NULL
) {strict};
CREATE INDEX audit_object ON audit (object, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
-- The end of the chain: whoever appends takes it first.
CREATE TABLE audit_head (
    one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq  BIGINT NOT NULL,
    hash {blob} NOT NULL
) {strict};
INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, {zero32});
{append_only audit}

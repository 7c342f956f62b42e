-- What the organisation has decided.

CREATE TABLE policy_version (
    seq     {identity},
    digest  TEXT   NOT NULL, -- SHA-256 of the text
    text    TEXT   NOT NULL,
    source  TEXT   NOT NULL, -- portal, or a repository's address and commit
    set_by  TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    note    TEXT   NOT NULL,
    beside  TEXT               -- JSON: exceptions, decisions and VEX of the repository that it comes from
) {strict};

CREATE TABLE exception (
    id           TEXT   NOT NULL PRIMARY KEY,
    state        TEXT   NOT NULL, -- requested, approved, rejected, revoked
    product      TEXT,
    entry        TEXT   NOT NULL, -- JSON of the fields of exceptions.toml
    requested_by TEXT   NOT NULL,
    decided_by   TEXT,
    decided_at   BIGINT,
    expires      BIGINT,          -- its last second
    created      BIGINT NOT NULL,
    revision     BIGINT NOT NULL
) {strict};
CREATE INDEX exception_state ON exception (state, expires);

CREATE TABLE decision (
    id        {blob} NOT NULL PRIMARY KEY,
    product   TEXT,
    entry     TEXT   NOT NULL, -- JSON of the fields of triage.toml
    made_by   TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    withdrawn BIGINT,
    revision  BIGINT NOT NULL
) {strict};
CREATE INDEX decision_at ON decision (at);

CREATE TABLE vex_document (
    name    TEXT   NOT NULL PRIMARY KEY,
    digest  TEXT   NOT NULL, -- of the blob
    format  TEXT   NOT NULL,
    bytes   BIGINT NOT NULL,
    sent_by TEXT   NOT NULL,
    at      BIGINT NOT NULL
) {strict};

CREATE TABLE private_advisory (
    id       TEXT   NOT NULL PRIMARY KEY,
    body     TEXT   NOT NULL, -- OSV, JSON
    set_by   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    revision BIGINT NOT NULL
) {strict};

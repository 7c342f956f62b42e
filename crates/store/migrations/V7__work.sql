-- What is to be done, and who has to be told.

CREATE TABLE job (
    id         {identity},
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL, -- of several that wait with one key, one runs
    payload    TEXT   NOT NULL, -- JSON: references, never documents
    priority   BIGINT NOT NULL, -- higher first
    not_before BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    most       BIGINT NOT NULL,
    state      TEXT   NOT NULL, -- waiting, running, done, failed
    lease      BIGINT NOT NULL, -- until when it is its worker's
    worker     TEXT   NOT NULL,
    error      TEXT,
    created    BIGINT NOT NULL,
    started    BIGINT,
    finished   BIGINT
) {strict};
CREATE UNIQUE INDEX job_waiting ON job (kind, key) WHERE state = 'waiting';
CREATE INDEX job_next ON job (priority DESC, id) WHERE state = 'waiting';
CREATE INDEX job_running ON job (lease) WHERE state = 'running';
CREATE INDEX job_finished ON job (state, finished);

CREATE TABLE schedule (
    kind TEXT   NOT NULL PRIMARY KEY,
    cron TEXT   NOT NULL,
    next BIGINT NOT NULL,
    last BIGINT
) {strict};

-- Written in the transaction of what it tells of.
CREATE TABLE event (
    seq     {identity},
    at      BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    product {blob},
    subject TEXT   NOT NULL,
    body    TEXT   NOT NULL -- JSON
) {strict};
CREATE INDEX event_at ON event (at);

CREATE TABLE channel (
    id       {blob} NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL UNIQUE,
    kind     TEXT   NOT NULL, -- mail, webhook
    target   TEXT   NOT NULL, -- addresses, or the URL
    secret   TEXT,            -- sealed with the portal's key
    events   TEXT   NOT NULL, -- JSON list of kinds
    disabled BIGINT NOT NULL,
    revision BIGINT NOT NULL
) {strict};

CREATE TABLE delivery (
    event    BIGINT NOT NULL,
    channel  {blob} NOT NULL,
    state    TEXT   NOT NULL, -- delivered, later, never
    attempts BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    note     TEXT   NOT NULL,
    PRIMARY KEY (event, channel)
) {strict};

-- How far a resumable import has come.
CREATE TABLE import_mark (
    source TEXT   NOT NULL,
    item   TEXT   NOT NULL,
    became TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (source, item)
) {strict};

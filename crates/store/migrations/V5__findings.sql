-- What is wrong, since when, and what became of it.

-- What is said of a vulnerability wherever it is found: once.
CREATE TABLE vulnerability (
    id         {blob} NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE, -- CVE, else GHSA, else native; of a check or another tool, its rule
    title      TEXT   NOT NULL,
    severity   BIGINT NOT NULL,        -- 0 none, 1 low, 2 medium, 3 high, 4 critical, -1 unknown
    epss       {real},
    percentile {real},
    kev_added  TEXT,
    ransomware BIGINT NOT NULL,
    ssvc       TEXT,                   -- none, poc, active; then y/n automatable, y/n total
    published  TEXT,
    cwes       TEXT   NOT NULL,        -- JSON list
    changed    BIGINT NOT NULL
) {strict};
CREATE INDEX vulnerability_kev ON vulnerability (kev_added) WHERE kev_added IS NOT NULL;

-- Every id of it in capitals, its own included.
CREATE TABLE vulnerability_alias (
    alias         TEXT{bytes} NOT NULL,
    vulnerability {blob} NOT NULL,
    shown         TEXT,                  -- as its source writes it, where that differs
    PRIMARY KEY (alias, vulnerability)
) {clustered};
CREATE INDEX vulnerability_alias_of ON vulnerability_alias (vulnerability);

-- Why a component version is affected: the same in every product.
CREATE TABLE hit (
    component     {blob} NOT NULL,
    vulnerability {blob} NOT NULL,
    body          TEXT   NOT NULL, -- JSON: evidence, scores, fixed versions, confidence
    PRIMARY KEY (component, vulnerability)
) {strict};

CREATE TABLE finding (
    id            {blob} NOT NULL PRIMARY KEY, -- begins with its version's: those of one lie together
    product       {blob} NOT NULL,
    version       {blob} NOT NULL,
    component     {blob} NOT NULL,
    vulnerability {blob} NOT NULL,
    project       TEXT   NOT NULL, -- the root folder in the inventory
    kind          BIGINT NOT NULL,
    severity      BIGINT NOT NULL,
    score         BIGINT NOT NULL, -- tenths; -1 unscored
    state         BIGINT NOT NULL, -- 0 open, 1 in_triage, 2 overdue, 3 excepted, 4 fixed, 5 not_affected
    work          BIGINT NOT NULL, -- 1: open in a live version
    flags         BIGINT NOT NULL, -- bits: 1 kev, 2 fixable, 4 direct, 8 development, 16 exploited, 32 unowned
    vectors       BIGINT NOT NULL, -- bits by threat vector
    epss          BIGINT NOT NULL, -- ten thousandths; -1 unknown
    due           BIGINT,
    owner         TEXT,
    rule          TEXT,
    exception     TEXT,
    upgrade       TEXT,
    first_seen    BIGINT NOT NULL,
    changed       BIGINT NOT NULL,
    closed        BIGINT,
    reason        TEXT             -- why it is closed
) {clustered};
-- Lists are read off the end of an index that has their order (crates/store/src/query/plan.rs); filters are answered from
-- the columns that stand behind it. Work first: open in a live version.
CREATE INDEX finding_work ON finding (score, id, severity, flags, vectors, product, epss, state, kind, due, first_seen) WHERE work = 1;
CREATE INDEX finding_product ON finding (product, score, id, severity, flags, vectors, epss, state, kind, due, first_seen) WHERE work = 1;
-- What ranks low is not to be looked for behind everything that ranks high.
CREATE INDEX finding_severity ON finding (severity, score, id, flags, product) WHERE work = 1 AND severity < 3;
-- Rare ones.
CREATE INDEX finding_kev ON finding (score, id, severity, flags, product) WHERE work = 1 AND (flags & 1) = 1;
CREATE INDEX finding_state ON finding (state, score, id, severity, flags, product) WHERE work = 1 AND state <> 0;
CREATE INDEX finding_kind ON finding (kind, score, id, severity, flags, product) WHERE work = 1 AND kind <> 0;
CREATE INDEX finding_owner ON finding (owner, score, id, severity, flags, product) WHERE work = 1 AND owner IS NOT NULL;
-- Other orders.
CREATE INDEX finding_due ON finding (due, id, severity, flags, product) WHERE work = 1 AND due IS NOT NULL;
CREATE INDEX finding_new ON finding (first_seen, id, severity, flags, product) WHERE work = 1;
CREATE INDEX finding_epss ON finding (epss, id, severity, flags, product) WHERE work = 1;
-- Work and the rest: live first, worst first.
CREATE INDEX finding_vulnerability ON finding (vulnerability, work, score, id, product);
CREATE INDEX finding_component ON finding (component, work, score, id, product);
-- The rest: closed, or in a version that is no longer live.
CREATE INDEX finding_rest ON finding (product, score, id, state) WHERE work = 0;
CREATE INDEX finding_closed ON finding (state, score, id, severity, flags, product) WHERE work = 0 AND state >= 4;

-- What the policy says about one finding, and what people do: JSON.
CREATE TABLE finding_detail (
    id   {blob} NOT NULL PRIMARY KEY,
    body TEXT   NOT NULL
) {strict};

-- What happened to a finding.
CREATE TABLE finding_history (
    seq     {identity},
    finding {blob} NOT NULL,
    at      BIGINT NOT NULL,
    what    TEXT   NOT NULL, -- appeared, changed, fixed, reopened, closed, assigned, noted
    actor   TEXT   NOT NULL,
    reason  TEXT   NOT NULL
) {strict};
CREATE INDEX finding_history_finding ON finding_history (finding, seq);

-- One row a product and day, written once.
CREATE TABLE metric (
    day      BIGINT NOT NULL, -- since 1970
    product  {blob} NOT NULL,
    body     TEXT   NOT NULL, -- JSON
    PRIMARY KEY (product, day)
) {strict};

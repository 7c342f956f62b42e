-- What the organisation ships, runs or has bought.

CREATE TABLE product (
    id           {blob} NOT NULL PRIMARY KEY,
    name         TEXT{bytes} NOT NULL UNIQUE,
    kind         TEXT   NOT NULL,  -- own, bought
    description  TEXT   NOT NULL,
    parent       {blob},
    owner        TEXT,
    tier         BIGINT,
    exposed      BIGINT,           -- none: nobody has said
    environment  TEXT,
    lifecycle    TEXT   NOT NULL,  -- development, active, maintenance, retired
    data_classes TEXT   NOT NULL,  -- JSON list
    vendor       TEXT{bytes},             -- of a bought product
    bought       TEXT,             -- its version
    cpe          TEXT,
    badge        BIGINT NOT NULL DEFAULT 0, -- anyone may see its badge
    keep_versions BIGINT,          -- retention; none: the portal's
    keep_days    BIGINT,
    created      BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    revision     BIGINT NOT NULL
) {strict};
CREATE INDEX product_parent ON product (parent);
CREATE INDEX product_search ON product (lower(name));
CREATE INDEX product_vendor ON product (lower(vendor)) WHERE vendor IS NOT NULL;

-- Every product with everything above it, itself included.
CREATE TABLE product_above (
    product {blob} NOT NULL,
    above   {blob} NOT NULL,
    depth   BIGINT NOT NULL,
    PRIMARY KEY (above, product)
) {clustered};
CREATE INDEX product_above_product ON product_above (product, depth);

CREATE TABLE product_tag (
    tag     TEXT   NOT NULL,
    product {blob} NOT NULL,
    PRIMARY KEY (tag, product)
) {clustered};
CREATE INDEX product_tag_product ON product_tag (product);

CREATE TABLE branch (
    id      {blob} NOT NULL PRIMARY KEY,
    product {blob} NOT NULL,
    name    TEXT{bytes} NOT NULL,
    latest  TEXT   NOT NULL, -- pushed: the last pushed; ordered: the highest; pinned: as somebody said
    created BIGINT NOT NULL,
    UNIQUE (product, name)
) {strict};

CREATE TABLE version (
    id         {blob} NOT NULL PRIMARY KEY,
    product    {blob} NOT NULL,
    branch     {blob} NOT NULL,
    name       TEXT{bytes} NOT NULL,
    sort_key   {blob} NOT NULL,  -- bytes that order as the versions do
    inventory  {blob},           -- the one in force
    latest     BIGINT NOT NULL,  -- on its branch
    live       BIGINT NOT NULL,  -- latest or deployed: its findings are work
    components BIGINT NOT NULL,
    pushed     BIGINT,
    denied     BIGINT,           -- what the gate last said
    created    BIGINT NOT NULL,
    UNIQUE (product, branch, name)
) {strict};
CREATE INDEX version_name ON version (name);
CREATE INDEX version_branch ON version (branch, latest);
CREATE INDEX version_pushed ON version (product, pushed);
CREATE INDEX version_live ON version (live, pushed);

CREATE TABLE deployment (
    id          {blob} NOT NULL PRIMARY KEY,
    product     {blob} NOT NULL,
    version     {blob},
    environment TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    until       BIGINT,
    note        TEXT   NOT NULL
) {strict};
CREATE INDEX deployment_product ON deployment (product, until);
CREATE INDEX deployment_version ON deployment (version, until);

-- Asset lists, as somebody keeps them elsewhere.
CREATE TABLE asset (
    id          {blob} NOT NULL PRIMARY KEY,
    list        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    owner       TEXT,
    environment TEXT,
    product     {blob},
    attributes  TEXT   NOT NULL, -- JSON object of the other columns
    seen        BIGINT NOT NULL,
    UNIQUE (list, name)
) {strict};
CREATE INDEX asset_product ON asset (product);

-- Where a product's code is kept, for scans that the portal starts.
CREATE TABLE repository (
    product   {blob} NOT NULL PRIMARY KEY,
    url       TEXT   NOT NULL, -- https://... or ssh://...
    reference TEXT   NOT NULL, -- a branch or tag; empty: the default branch
    branch    TEXT   NOT NULL, -- of the product
    secret    TEXT,            -- a token, sealed with the portal's key
    commit_id TEXT,            -- what was last scanned
    scanned   BIGINT
) {strict};

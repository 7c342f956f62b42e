-- What products are made of. Documents lie among the blobs, by the hash of their content.

CREATE TABLE inventory (
    id         {blob} NOT NULL PRIMARY KEY,
    product    {blob} NOT NULL,
    version    {blob} NOT NULL,
    document   TEXT   NOT NULL, -- SHA-256 of what came in
    inventory  TEXT   NOT NULL, -- SHA-256 of the same as stanchion.inventory/1
    format     TEXT   NOT NULL, -- stanchion, cyclonedx, spdx
    bytes      BIGINT NOT NULL,
    components BIGINT NOT NULL,
    problems   BIGINT NOT NULL,
    received   BIGINT NOT NULL,
    sent_by    TEXT   NOT NULL,
    snapshot   TEXT   NOT NULL, -- the advisories it was last matched with
    policy     TEXT   NOT NULL, -- the digest it was last judged by
    judged     BIGINT NOT NULL,
    raw_gone   BIGINT NOT NULL DEFAULT 0, -- retention took the document
    UNIQUE (version, document)
) {strict};
CREATE INDEX inventory_received ON inventory (received);
CREATE INDEX inventory_document ON inventory (document);

CREATE TABLE package (
    id        {blob} NOT NULL PRIMARY KEY,
    ecosystem TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    UNIQUE (ecosystem, name)
) {strict};
CREATE INDEX package_name ON package (name);

-- A package at a version, or a place that another tool's finding is about.
CREATE TABLE component (
    id      {blob} NOT NULL PRIMARY KEY,
    package {blob},
    purl    TEXT{bytes} NOT NULL, -- empty for a place
    name    TEXT{bytes} NOT NULL, -- for a place, the place
    version TEXT{bytes} NOT NULL
) {strict};
CREATE INDEX component_package ON component (package);
CREATE INDEX component_purl ON component (purl);
-- Searched without regard to case, by how it begins.
CREATE INDEX component_search ON component (lower(name), id);

CREATE TABLE component_hash (
    hash      TEXT   NOT NULL, -- hexadecimal
    component {blob} NOT NULL,
    PRIMARY KEY (hash, component)
) {clustered};

CREATE TABLE component_licence (
    licence   TEXT   NOT NULL,
    component {blob} NOT NULL,
    PRIMARY KEY (licence, component)
) {clustered};
CREATE INDEX component_licence_component ON component_licence (component);

-- What the inventory in force of a version names.
CREATE TABLE version_component (
    version   {blob} NOT NULL,
    component {blob} NOT NULL,
    direct    BIGINT,
    scope     BIGINT NOT NULL, -- 0 runtime, 1 optional, 2 build, 3 test, 4 dev
    PRIMARY KEY (version, component)
) {clustered};
CREATE INDEX version_component_component ON version_component (component, version);

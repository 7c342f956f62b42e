-- What the pages need beside the rest.

-- Lists that somebody wants to come back to.
CREATE TABLE saved_view (
    id      {blob} NOT NULL PRIMARY KEY,
    account {blob} NOT NULL,
    list    TEXT   NOT NULL, -- findings, products, components
    name    TEXT   NOT NULL,
    query   TEXT   NOT NULL,
    grouped TEXT   NOT NULL,
    shared  BIGINT NOT NULL, -- everybody may see it
    created BIGINT NOT NULL,
    UNIQUE (account, list, name)
) {strict};
CREATE INDEX saved_view_shared ON saved_view (list, shared);

-- How each product stands now: counted again whenever its findings change.
CREATE TABLE standing (
    product   {blob} NOT NULL PRIMARY KEY,
    risk      BIGINT NOT NULL, -- tenths: the scores of what is open, added up
    worst     BIGINT NOT NULL, -- tenths
    total     BIGINT NOT NULL, -- open in live versions
    critical  BIGINT NOT NULL,
    high      BIGINT NOT NULL,
    medium    BIGINT NOT NULL,
    low       BIGINT NOT NULL,
    exploited BIGINT NOT NULL,
    overdue   BIGINT NOT NULL,
    excepted  BIGINT NOT NULL,
    unowned   BIGINT NOT NULL,
    fixable   BIGINT NOT NULL,
    dated     BIGINT NOT NULL  -- has to be done by some day
) {strict};
CREATE INDEX standing_risk ON standing (risk, product);
INSERT INTO standing
SELECT product, SUM(CASE WHEN score > 0 THEN score ELSE 0 END), MAX(score), COUNT(*),
       SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END), SUM(CASE WHEN severity = 3 THEN 1 ELSE 0 END),
       SUM(CASE WHEN severity = 2 THEN 1 ELSE 0 END), SUM(CASE WHEN severity = 1 THEN 1 ELSE 0 END),
       SUM(CASE WHEN (flags & 1) <> 0 THEN 1 ELSE 0 END), SUM(CASE WHEN state = 2 THEN 1 ELSE 0 END),
       SUM(CASE WHEN state = 3 THEN 1 ELSE 0 END), SUM(CASE WHEN (flags & 32) <> 0 THEN 1 ELSE 0 END),
       SUM(CASE WHEN (flags & 2) <> 0 THEN 1 ELSE 0 END), SUM(CASE WHEN due IS NOT NULL THEN 1 ELSE 0 END)
FROM finding WHERE work = 1 GROUP BY product;

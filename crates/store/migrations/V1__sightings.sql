-- When a finding was first and last seen in a target. Times are seconds since 1970, UTC.
CREATE TABLE sightings (
    target     TEXT    NOT NULL,
    finding    TEXT    NOT NULL,
    first_seen BIGINT  NOT NULL,
    last_seen  BIGINT  NOT NULL,
    PRIMARY KEY (target, finding)
);

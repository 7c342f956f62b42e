-- What those who look after the portal look things up by.

-- The log by what was done, and by when.
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_at ON audit (at, seq);

-- All tokens, the newest first.
CREATE INDEX token_created ON token (created, id);

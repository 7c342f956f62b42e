-- Which findings each rule of the policy is about.

-- The rules of the gate that a finding breaks.
CREATE TABLE violation (
    finding {blob} NOT NULL,
    rule    TEXT   NOT NULL,
    PRIMARY KEY (finding, rule)
) {clustered};
CREATE INDEX violation_rule ON violation (rule, finding);
-- What the rule decided.
CREATE INDEX finding_rule ON finding (rule, score, id, severity, flags, product) WHERE work = 1 AND rule IS NOT NULL;

-- The first schema. Personal data only in columns named *_cipher; look-ups by
-- keyed hashes; money NUMERIC(38,0) beside an asset; instants timestamptz.

CREATE TABLE assets (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9]{3,12}(@[a-z0-9]{2,20})?$'),
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 30),
    kind text NOT NULL CHECK (kind IN ('currency', 'token'))
);

-- auth ------------------------------------------------------------------
CREATE TABLE centres (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]{1,20}$'),
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('live', 'drill')),
    zone text NOT NULL,
    jurisdiction text NOT NULL,
    currency text NOT NULL REFERENCES assets,
    created_at timestamptz NOT NULL
);

CREATE TABLE sources (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    code text NOT NULL,
    name text NOT NULL,
    trust text NOT NULL CHECK (trust IN ('dispatches', 'needs_confirmation')),
    may_send_history boolean NOT NULL DEFAULT false,
    quota_per_minute integer NOT NULL CHECK (quota_per_minute > 0),
    token_hash bytea UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    UNIQUE (centre_id, code)
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    name text NOT NULL,
    person_id uuid NOT NULL,
    password_hash text NOT NULL,
    must_change boolean NOT NULL DEFAULT true,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    UNIQUE (centre_id, name)
);

-- vault -----------------------------------------------------------------
CREATE TABLE data_keys (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    kind text NOT NULL CHECK (kind IN ('directory', 'report', 'party')),
    wrapped bytea,
    master_version smallint NOT NULL,
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX data_keys_one_directory ON data_keys (centre_id) WHERE kind = 'directory';

-- banks -----------------------------------------------------------------
CREATE TABLE institutions (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    code text NOT NULL,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    country text,
    kind text NOT NULL CHECK (kind IN ('bank', 'payment', 'crypto')),
    bic text,
    cnaps text,
    bin_prefixes text[] NOT NULL DEFAULT '{}',
    local_code text,
    is_simulated boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    UNIQUE (centre_id, code)
);

CREATE TABLE channels (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    kind text NOT NULL CHECK (kind IN ('push', 'pull', 'portal', 'manual')),
    url text,
    allowed_networks text[] NOT NULL DEFAULT '{}',
    connections smallint NOT NULL DEFAULT 8 CHECK (connections BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CHECK ((kind = 'push') = (url IS NOT NULL))
);
CREATE UNIQUE INDEX channels_one_in_use ON channels (institution_id) WHERE retired_at IS NULL;

CREATE TABLE institution_keys (
    key_id text PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    algorithm text NOT NULL CHECK (algorithm IN ('ed25519', 'ecdsa-p256-sha256')),
    public_key text NOT NULL,
    not_before timestamptz NOT NULL,
    not_after timestamptz,
    revoked_at timestamptz
);

CREATE TABLE nonces (
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    key_id text NOT NULL,
    nonce text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, nonce)
);
CREATE INDEX nonces_by_age ON nonces (seen_at);

-- cases -----------------------------------------------------------------
CREATE TABLE definitions (
    content_hash text PRIMARY KEY,
    id text NOT NULL,
    version integer NOT NULL,
    text text NOT NULL,
    loaded_at timestamptz NOT NULL,
    UNIQUE (id, version, content_hash)
);

CREATE TABLE activations (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    content_hash text NOT NULL REFERENCES definitions,
    status text NOT NULL CHECK (status IN ('example', 'active')),
    approver text,
    at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (status = 'example' OR approver IS NOT NULL)
);
CREATE UNIQUE INDEX activations_one_in_force ON activations (centre_id) WHERE ended_at IS NULL;

CREATE TABLE cases (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    no text NOT NULL,
    key_id uuid NOT NULL REFERENCES data_keys,
    origin text NOT NULL CHECK (origin IN ('live', 'historical')),
    opened_at timestamptz NOT NULL,
    opened_month date NOT NULL,
    fraud_type text,
    authority_cipher bytea,
    merged_into uuid REFERENCES cases,
    closed_at timestamptz,
    last_seq bigint NOT NULL DEFAULT 0,
    last_hash bytea NOT NULL,
    UNIQUE (centre_id, no)
);

-- References of papers that people name in a case. Events and requests carry the id only.
CREATE TABLE documents (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases,
    key_id uuid NOT NULL REFERENCES data_keys,
    reference_cipher bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX documents_by_case ON documents (case_id);

CREATE TABLE procedures (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases,
    content_hash text NOT NULL REFERENCES definitions,
    state jsonb NOT NULL,
    state_schema smallint NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX procedures_by_case ON procedures (case_id);

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    reference_hash bytea NOT NULL,
    case_id uuid NOT NULL REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    first_seen_at timestamptz NOT NULL,
    UNIQUE (centre_id, institution_id, reference_hash)
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    scheme text NOT NULL,
    number_hash bytea NOT NULL,
    sub_ref_hash bytea,
    kind text,
    key_id uuid NOT NULL REFERENCES data_keys,
    number_cipher bytea NOT NULL,
    sub_ref_cipher bytea,
    holder_cipher bytea,
    holder_grams bytea[] NOT NULL DEFAULT '{}',
    last4_hash bytea NOT NULL,
    last8_hash bytea NOT NULL,
    bin text,
    first_seen_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (centre_id, institution_id, scheme, number_hash, sub_ref_hash)
);
CREATE INDEX accounts_by_last4 ON accounts (centre_id, last4_hash);
CREATE INDEX accounts_by_last8 ON accounts (centre_id, last8_hash);
CREATE INDEX accounts_by_holder ON accounts USING gin (holder_grams);

CREATE TABLE parties (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    report_id uuid NOT NULL,
    role text NOT NULL,
    relation text,
    key_id uuid NOT NULL REFERENCES data_keys,
    facts_cipher bytea NOT NULL,
    name_grams bytea[] NOT NULL DEFAULT '{}',
    document_hash bytea,
    phone_hash bytea,
    phone_last4_hash bytea
);
CREATE INDEX parties_by_case ON parties (case_id);
CREATE INDEX parties_by_name ON parties USING gin (name_grams);
CREATE INDEX parties_by_document ON parties (centre_id, document_hash);
CREATE INDEX parties_by_phone ON parties (centre_id, phone_hash);

CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    report_id uuid,
    reply_id uuid,
    payment_id uuid REFERENCES payments,
    position integer NOT NULL,
    tier smallint NOT NULL,
    payer_account_id uuid REFERENCES accounts,
    payee_account_id uuid REFERENCES accounts,
    amount_minor numeric(38, 0) CHECK (amount_minor > 0),
    asset text REFERENCES assets,
    earliest_at timestamptz,
    latest_at timestamptz,
    local_time text,
    zone text,
    precision text,
    key_id uuid NOT NULL REFERENCES data_keys,
    reference_cipher bytea,
    standing text NOT NULL CHECK (standing IN ('claimed', 'confirmed')),
    CHECK (amount_minor IS NULL OR asset IS NOT NULL)
);
CREATE INDEX transfers_by_case ON transfers (case_id);
CREATE INDEX transfers_by_payee ON transfers (payee_account_id);

CREATE TABLE leads (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    report_id uuid,
    reply_id uuid,
    kind text NOT NULL CHECK (kind IN ('unknown_institution', 'masked_number', 'missing_account')),
    key_id uuid NOT NULL REFERENCES data_keys,
    facts_cipher bytea NOT NULL,
    facts_hash bytea,
    amount_minor numeric(38, 0),
    asset text REFERENCES assets,
    resolved_account_id uuid REFERENCES accounts,
    at timestamptz NOT NULL
);
CREATE INDEX leads_by_case ON leads (case_id);

CREATE TABLE holds (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    procedure_id uuid NOT NULL REFERENCES procedures,
    case_id uuid NOT NULL REFERENCES cases,
    account_id uuid REFERENCES accounts,
    institution_id uuid REFERENCES institutions,
    lead_id uuid REFERENCES leads,
    receipt_id uuid REFERENCES transfers,
    tier smallint NOT NULL,
    state text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('whole', 'amount')),
    urgency text NOT NULL,
    asset text NOT NULL REFERENCES assets,
    traced_minor numeric(38, 0) CHECK (traced_minor >= 0),
    held_minor numeric(38, 0) NOT NULL CHECK (held_minor >= 0),
    stop_seq smallint NOT NULL,
    since timestamptz NOT NULL,
    paid_at timestamptz,
    executed_at timestamptz,
    ends_at timestamptz,
    end_is_provisional boolean NOT NULL,
    lapse_confirmed boolean NOT NULL,
    cause_request_id uuid,
    appeal_id uuid
);
CREATE UNIQUE INDEX holds_one_live ON holds (procedure_id, account_id, receipt_id) NULLS NOT DISTINCT
    WHERE account_id IS NOT NULL
      AND state IN ('unconfirmed', 'asked', 'stopped', 'frozen', 'queued_behind', 'in_question');
CREATE INDEX holds_by_case ON holds (case_id);
CREATE INDEX holds_by_account ON holds (account_id);
CREATE INDEX holds_by_end ON holds (ends_at) WHERE state IN ('stopped', 'frozen');

CREATE TABLE requests (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    procedure_id uuid NOT NULL REFERENCES procedures,
    case_id uuid NOT NULL REFERENCES cases,
    hold_id uuid NOT NULL REFERENCES holds,
    institution_id uuid NOT NULL REFERENCES institutions,
    key_id uuid NOT NULL REFERENCES data_keys,
    kind text NOT NULL,
    stage text NOT NULL,
    outcome text,
    conflict boolean NOT NULL,
    urgency text NOT NULL,
    scope text NOT NULL,
    asset text NOT NULL REFERENCES assets,
    asked_minor numeric(38, 0) CHECK (asked_minor >= 0),
    executed_minor numeric(38, 0) CHECK (executed_minor >= 0),
    stop_seq smallint NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    delivered_at timestamptz,
    acknowledged_at timestamptz,
    answered_at timestamptz,
    answer_due_at timestamptz,
    ends_at timestamptz,
    channel text,
    undelivered boolean NOT NULL,
    late boolean NOT NULL,
    supplement boolean NOT NULL,
    authority_cipher bytea,
    documents jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX requests_by_case ON requests (case_id);
CREATE INDEX requests_by_hold ON requests (hold_id);
CREATE INDEX requests_open ON requests (institution_id, created_at) WHERE stage NOT IN ('answered', 'withdrawn');

CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    procedure_id uuid NOT NULL REFERENCES procedures,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    level smallint NOT NULL,
    reason text,
    amount_minor numeric(38, 0),
    asset text REFERENCES assets,
    masked_label text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'done', 'void')),
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text,
    owner_id uuid REFERENCES users,
    snoozed_until timestamptz
);
CREATE INDEX tasks_worklist ON tasks (centre_id, due_at, amount_minor DESC, id) WHERE state = 'open';
CREATE INDEX tasks_by_case ON tasks (case_id);

CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    procedure_id uuid NOT NULL REFERENCES procedures,
    case_id uuid NOT NULL REFERENCES cases,
    hold_id uuid NOT NULL REFERENCES holds,
    act text NOT NULL,
    payload_hash bytea NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'given', 'refused', 'expired')),
    decided_by text,
    decided_at timestamptz,
    CHECK (decided_by IS DISTINCT FROM asked_by)
);
CREATE INDEX approvals_waiting ON approvals (centre_id, asked_at) WHERE state = 'waiting';

CREATE TABLE appeals (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases,
    hold_id uuid NOT NULL REFERENCES holds,
    received_at timestamptz NOT NULL,
    upheld boolean,
    decided_at timestamptz,
    decided_by text
);

-- Typed timeliness facts; corrections append.
CREATE TABLE facts (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    case_id uuid NOT NULL REFERENCES cases,
    procedure_id uuid NOT NULL REFERENCES procedures,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    request_kind text,
    institution_id uuid REFERENCES institutions,
    start_at timestamptz NOT NULL,
    limit_seconds bigint,
    due_at timestamptz,
    stop_at timestamptz,
    verdict text NOT NULL,
    amount_minor numeric(38, 0),
    asset text REFERENCES assets,
    urgency text,
    rule text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX facts_by_due ON facts (centre_id, kind, due_at);
CREATE INDEX facts_by_start ON facts (centre_id, kind, start_at);
CREATE INDEX facts_by_case ON facts (case_id);

-- intake ----------------------------------------------------------------
CREATE TABLE reports (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    no text NOT NULL,
    source_id uuid NOT NULL REFERENCES sources,
    source_ref_hash bytea,
    profile text NOT NULL,
    channel text,
    origin text NOT NULL CHECK (origin IN ('live', 'historical')),
    state text NOT NULL CHECK (state IN ('stored', 'understood', 'refused')),
    case_id uuid REFERENCES cases DEFERRABLE INITIALLY DEFERRED,
    key_id uuid NOT NULL REFERENCES data_keys,
    raw_cipher bytea NOT NULL,
    raw_digest bytea NOT NULL,
    reported_earliest_at timestamptz,
    reported_latest_at timestamptz,
    flags jsonb NOT NULL DEFAULT '[]',
    received_at timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL,
    UNIQUE (centre_id, no),
    CHECK ((state = 'understood') = (case_id IS NOT NULL))
);
CREATE UNIQUE INDEX reports_one_per_source_ref ON reports (source_id, source_ref_hash) WHERE state <> 'refused';
CREATE INDEX reports_by_case ON reports (case_id);
CREATE INDEX reports_by_source ON reports (source_id, received_at);
CREATE INDEX reports_not_understood ON reports (accepted_at) WHERE state = 'stored';

CREATE TABLE idempotency (
    source_id uuid NOT NULL REFERENCES sources,
    key_hash bytea NOT NULL,
    centre_id uuid NOT NULL REFERENCES centres,
    body_digest bytea NOT NULL,
    report_id uuid NOT NULL REFERENCES reports DEFERRABLE INITIALLY DEFERRED,
    key_id uuid NOT NULL REFERENCES data_keys,
    status smallint NOT NULL,
    answer_cipher bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (source_id, key_hash)
);

-- channel ---------------------------------------------------------------
CREATE TABLE replies (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    request_id uuid NOT NULL REFERENCES requests,
    message_id text NOT NULL,
    via text NOT NULL CHECK (via IN ('response', 'callback', 'portal', 'manual')),
    signing_key_id text,
    body_digest bytea NOT NULL,
    key_id uuid NOT NULL REFERENCES data_keys,
    raw_cipher bytea NOT NULL,
    signature_cipher bytea,
    received_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('stored', 'applied', 'quarantined')),
    reason text,
    answer_cipher bytea,
    applied_at timestamptz,
    UNIQUE (institution_id, message_id)
);
CREATE INDEX replies_waiting ON replies (received_at) WHERE state = 'stored';
CREATE INDEX replies_by_request ON replies (request_id);

CREATE TABLE signature_refusals (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    body_digest bytea NOT NULL
);
CREATE INDEX signature_refusals_by_age ON signature_refusals (at);

-- outbox ----------------------------------------------------------------
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    case_id uuid NOT NULL REFERENCES cases,
    request_id uuid NOT NULL REFERENCES requests,
    kind text NOT NULL,
    channel text NOT NULL,
    key_id uuid NOT NULL REFERENCES data_keys,
    body_cipher bytea NOT NULL,
    body_digest bytea NOT NULL,
    rank integer NOT NULL,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 3), -- 0 waiting, 1 claimed, 2 delivered, 3 not wanted any more
    next_attempt_at timestamptz NOT NULL,
    lease_until timestamptz,
    fence integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (institution_id, rank, next_attempt_at, id) WHERE state = 0;
CREATE INDEX outbox_claimed ON outbox (lease_until) WHERE state = 1;
CREATE INDEX outbox_by_request ON outbox (request_id);

CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    institution_id uuid NOT NULL REFERENCES institutions,
    outbox_id uuid NOT NULL REFERENCES outbox,
    request_id uuid NOT NULL REFERENCES requests,
    number integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    result text NOT NULL CHECK (result IN ('delivered', 'refused', 'not_sent', 'ambiguous', 'abandoned')),
    http_status smallint,
    reason text
);
CREATE INDEX attempts_by_outbox ON attempts (outbox_id);

-- deadlines -------------------------------------------------------------
CREATE TABLE deadlines (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    procedure_id uuid NOT NULL REFERENCES procedures,
    case_id uuid NOT NULL REFERENCES cases,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    step smallint NOT NULL,
    due_at timestamptz NOT NULL,
    derivation jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'fired', 'met', 'void')),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    late_by_seconds numeric(20, 6),
    caught_up boolean NOT NULL DEFAULT false
);
CREATE INDEX deadlines_due ON deadlines (due_at, id) WHERE state = 'running';
CREATE INDEX deadlines_by_case ON deadlines (case_id);

-- runs: what the machinery itself does ------------------------------------
CREATE TABLE planned_runs (
    centre_id uuid NOT NULL REFERENCES centres,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'done')),
    done_at timestamptz,
    PRIMARY KEY (centre_id, kind, due_at)
);
CREATE INDEX planned_runs_due ON planned_runs (due_at) WHERE state = 'waiting';

CREATE TABLE heartbeats (
    id uuid PRIMARY KEY,
    process text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    loops jsonb NOT NULL DEFAULT '{}'
);

-- audit: the one log ------------------------------------------------------
CREATE TABLE entries (
    opened_month date NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    id uuid NOT NULL,
    centre_id uuid NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    cause_id uuid,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (opened_month, stream, seq)
) PARTITION BY RANGE (opened_month);
CREATE TABLE entries_other PARTITION OF entries DEFAULT;
CREATE INDEX entries_by_xid ON entries (centre_id, xid);

CREATE TABLE area_heads (
    centre_id uuid NOT NULL REFERENCES centres,
    stream text NOT NULL,
    opened_month date NOT NULL,
    last_seq bigint NOT NULL,
    last_hash bytea NOT NULL,
    PRIMARY KEY (centre_id, stream)
);

CREATE TABLE leaves (
    centre_id uuid NOT NULL REFERENCES centres,
    leaf_index bigint NOT NULL CHECK (leaf_index >= 0),
    opened_month date NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    leaf_hash bytea NOT NULL,
    PRIMARY KEY (centre_id, leaf_index),
    UNIQUE (opened_month, stream, seq)
);

CREATE TABLE tree_heads (
    centre_id uuid NOT NULL REFERENCES centres,
    size bigint NOT NULL CHECK (size > 0),
    root bytea NOT NULL,
    frontier bytea[] NOT NULL,
    through_xid xid8 NOT NULL,
    at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (centre_id, size)
);

-- timeliness --------------------------------------------------------------
CREATE TABLE snapshots (
    id uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centres,
    week text NOT NULL CHECK (week ~ '^\d{4}-W\d{2}$'),
    edition smallint NOT NULL CHECK (edition > 0),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    cut_off_at timestamptz NOT NULL,
    measures_version text NOT NULL,
    inputs_hash bytea NOT NULL,
    inputs jsonb NOT NULL,
    figures bytea NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    reason text,
    CHECK ((edition = 1) = (reason IS NULL)),
    UNIQUE (centre_id, week, edition)
);

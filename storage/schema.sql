-- The state of one export, made to be read with the sqlite3 shell while a run goes on.
-- Times are milliseconds since 1970 UTC (_ms); sizes are bytes. storage/README.md explains each table.

-- Small facts: generation, fingerprint of the job, whether the generation is finished.
CREATE TABLE meta(
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs(
  run          INTEGER PRIMARY KEY,
  generation   INTEGER NOT NULL,
  started_ms   INTEGER NOT NULL,
  finished_ms  INTEGER,                    -- NULL: running, or killed
  outcome      TEXT,                       -- 'complete', 'incomplete', 'stopped', ...
  exit_code    INTEGER,
  requests     INTEGER NOT NULL DEFAULT 0, -- sent
  cache_hits   INTEGER NOT NULL DEFAULT 0,
  outputs      INTEGER NOT NULL DEFAULT 0, -- rendered
  message      TEXT
) STRICT;

-- Items discovered and not finished. A finished item leaves no row.
CREATE TABLE frontier(
  seq           INTEGER PRIMARY KEY,       -- given in commit order, never reused
  kind          TEXT NOT NULL,             -- 'request' or 'document'
  state         TEXT NOT NULL,             -- 'queued' or 'failed'
  priority      INTEGER NOT NULL,          -- smaller first
  not_before_ms INTEGER NOT NULL,          -- 0: now
  attempt       INTEGER NOT NULL,          -- the next attempt, 1-based
  operation     TEXT NOT NULL,
  method        TEXT NOT NULL,
  target        TEXT NOT NULL,
  body          TEXT NOT NULL,
  document      TEXT NOT NULL,             -- whom it is for; '' for none
  revision      TEXT NOT NULL,
  depth         INTEGER NOT NULL,
  listing       INTEGER NOT NULL,
  context       TEXT NOT NULL,
  http_status   INTEGER NOT NULL DEFAULT 0,
  error_class   TEXT NOT NULL DEFAULT '',
  last_error    TEXT NOT NULL DEFAULT '',
  checksum      INTEGER NOT NULL           -- XXH3 of what is needed to send it again
) STRICT;
CREATE INDEX frontier_ready ON frontier(priority, seq) WHERE state = 'queued' AND not_before_ms = 0;
CREATE INDEX frontier_due ON frontier(not_before_ms) WHERE state = 'queued' AND not_before_ms > 0;
CREATE INDEX frontier_failed ON frontier(document) WHERE state = 'failed';

-- Requests asked in this generation, so that none is asked twice.
CREATE TABLE seen(hash INTEGER PRIMARY KEY) STRICT;

-- Everything that has a place in the export, or is named in it.
CREATE TABLE documents(
  doc             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,    -- the source's id
  kind            TEXT NOT NULL,           -- 'page', 'database', 'user'
  state           TEXT NOT NULL,           -- unlisted, asked, open, waiting, ready, done, failed, missing
  place           TEXT NOT NULL,           -- 'top', 'under', 'unresolved' (under no document yet)
  parent          TEXT NOT NULL,           -- the document it is under
  anchor          TEXT NOT NULL,           -- what holds it, where that is no document (a block)
  title           TEXT NOT NULL,
  name            TEXT NOT NULL,           -- its path segment
  extension       TEXT NOT NULL,           -- of its output; empty: it has none
  part_of_parent  INTEGER NOT NULL,        -- its object is shown in the output of its parent
  revision        TEXT NOT NULL,           -- of the content that is stored
  stem            TEXT,                    -- path without extension; NULL: not settled
  settled         INTEGER NOT NULL,        -- path known, or known to have none
  known           INTEGER NOT NULL,        -- its object is stored
  optional        INTEGER NOT NULL,        -- only mentioned: may lead nowhere
  listed          INTEGER NOT NULL,        -- a listing gave it when it was last seen
  open_requests   INTEGER NOT NULL,
  failed_requests INTEGER NOT NULL,
  waiting_for     INTEGER NOT NULL,        -- mentions that are not settled
  epoch           INTEGER NOT NULL,        -- rises when what it shows has changed
  generation      INTEGER NOT NULL,        -- last seen at the source
  checksum        INTEGER NOT NULL         -- XXH3 of what names, places and describes it
) STRICT;
CREATE INDEX documents_children ON documents(parent, kind, id);
CREATE INDEX documents_unlisted ON documents(id) WHERE state = 'unlisted';
CREATE INDEX documents_waiting ON documents(id) WHERE state = 'waiting';
CREATE INDEX documents_unsettled ON documents(id) WHERE settled = 0;
CREATE INDEX documents_generation ON documents(generation, doc);

CREATE TABLE objects(
  doc      INTEGER PRIMARY KEY REFERENCES documents(doc),
  body     BLOB NOT NULL,                  -- zstd
  checksum INTEGER NOT NULL
) STRICT;

-- `document` shows the path or the title of `target`.
CREATE TABLE mentions(
  document TEXT NOT NULL,
  target   TEXT NOT NULL,
  PRIMARY KEY (document, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_target ON mentions(target, document);

-- `document` is done only after `target` is: its output is made from the rows of it.
CREATE TABLE needs(
  document TEXT NOT NULL,
  target   TEXT NOT NULL,
  PRIMARY KEY (document, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX needs_target ON needs(target, document);

-- Documents that own rows: a resource of a REST API, a section of a Trakt account.
CREATE TABLE collections(
  collection  INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,        -- of the document
  disposition TEXT NOT NULL,               -- 'replace', 'merge', 'append'
  sorted      INTEGER NOT NULL,            -- positions are sort keys; 0: rows stay where they came
  definition  TEXT NOT NULL,               -- of what is asked for; another one begins anew
  rows        INTEGER NOT NULL,            -- how many there are in `rows`
  cursor      TEXT NOT NULL,               -- where the last complete run ended; '': nowhere
  cursor_seen TEXT NOT NULL,               -- the highest that this generation has seen
  short       INTEGER NOT NULL,            -- a list of this generation was provably short
  checksum    INTEGER NOT NULL             -- XXH3 of what a run relies on
) STRICT;

-- What the lists gave, until the outputs have been made from it and after.
CREATE TABLE rows(
  row        INTEGER PRIMARY KEY,
  collection INTEGER NOT NULL,
  position   BLOB NOT NULL,                -- rows stand in the order of this
  key        TEXT NOT NULL,                -- the primary key as JSON; '': it has none
  generation INTEGER NOT NULL,             -- last given by the source
  seen_at    BLOB NOT NULL,                -- the position at which that was
  checksum   INTEGER NOT NULL,             -- XXH3 of position, key and body
  body       TEXT NOT NULL                 -- its JSON
) STRICT;
CREATE INDEX rows_position ON rows(collection, position);
CREATE UNIQUE INDEX rows_key ON rows(collection, key) WHERE key <> '';

-- Lists whose length the API declares: how many it says, and how many it has given so far.
CREATE TABLE tallies(
  collection INTEGER NOT NULL,
  list       TEXT NOT NULL,
  declared   INTEGER NOT NULL,
  given      INTEGER NOT NULL,
  PRIMARY KEY (collection, list)
) STRICT, WITHOUT ROWID;

-- Other ids by which a document is mentioned.
CREATE TABLE aliases(
  alias    TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (alias, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_document ON aliases(document);

-- Stored responses.
CREATE TABLE cache(
  id         INTEGER PRIMARY KEY,
  key        BLOB NOT NULL UNIQUE,         -- XXH3-128 of the request text
  request    TEXT NOT NULL,                -- the same for people
  document   TEXT NOT NULL,                -- whom it was asked for; '' for none
  revision   TEXT NOT NULL,
  status     INTEGER NOT NULL,             -- not 2xx: a negative entry
  fetched_ms INTEGER NOT NULL,             -- or last confirmed by the server (304)
  etag       TEXT NOT NULL,                -- validators; '' for none
  last_modified TEXT NOT NULL,
  bytes      INTEGER NOT NULL,             -- stored size, of all parts
  checksum   INTEGER NOT NULL,             -- of `body`
  body       BLOB NOT NULL                 -- zstd; of a long answer the first MiB
) STRICT;
-- Eviction and the check of the size counters read this and never the bodies.
CREATE INDEX cache_age ON cache(fetched_ms, document, bytes);

-- What follows in the long ones, a MiB a row, so that none is ever in memory as a whole.
CREATE TABLE cache_parts(
  id       INTEGER NOT NULL,               -- of the row in `cache`
  part     INTEGER NOT NULL,               -- from 1
  checksum INTEGER NOT NULL,               -- of `body`
  body     BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX cache_parts_of ON cache_parts(id, part);

-- The manifest: what lies in the output folder.
CREATE TABLE outputs(
  path       TEXT PRIMARY KEY,
  source_id  TEXT NOT NULL,
  revision   TEXT NOT NULL,
  bytes      INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  mtime_ns   INTEGER NOT NULL,             -- as it was left; saves hashing what was not touched
  obsolete   INTEGER NOT NULL DEFAULT 0    -- 1: replaced or deleted at the source; the file goes
) STRICT;
CREATE INDEX outputs_source ON outputs(source_id);
CREATE INDEX outputs_obsolete ON outputs(path) WHERE obsolete = 1;

-- Files that are about to be put in place, announced before the first of them moves. A row leaves
-- with the commit that puts its file into `outputs`; one that is left after a kill tells sluice's
-- own bytes from a user's edit.
CREATE TABLE publishing(
  path      TEXT NOT NULL,
  sha256    TEXT NOT NULL,
  source_id TEXT NOT NULL,
  bytes     INTEGER NOT NULL,
  PRIMARY KEY (path, sha256)
) STRICT, WITHOUT ROWID;

-- Lines of the report: what has no faithful form, what was short.
CREATE TABLE notes(
  note     INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  origin   TEXT NOT NULL,                  -- 'fetch' or 'render': each replaces its own; 'edit'
                                           -- stays
  kind     TEXT NOT NULL,
  text     TEXT NOT NULL
) STRICT;
CREATE INDEX notes_document ON notes(document, origin);

-- Counters of the store (cache_hits, in_flight, ...), written with each commit.
CREATE TABLE counters(
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The limits in use, written by the run.
CREATE TABLE limits(
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Views for people. Their columns are a contract.
CREATE VIEW v_progress(kind, total, done, failed, waiting, in_flight) AS
  SELECT 'request',
         (SELECT count(*) FROM frontier WHERE kind = 'request')
           + coalesce((SELECT value FROM counters WHERE name = 'requests_done'), 0),
         coalesce((SELECT value FROM counters WHERE name = 'requests_done'), 0),
         (SELECT count(*) FROM frontier WHERE kind = 'request' AND state = 'failed'),
         (SELECT count(*) FROM frontier WHERE kind = 'request' AND state = 'queued'),
         coalesce((SELECT value FROM counters WHERE name = 'in_flight'), 0)
  UNION ALL
  SELECT kind, count(*), sum(state = 'done'), sum(state = 'failed'),
         sum(state NOT IN ('done', 'failed')), sum(state = 'ready')
    FROM documents WHERE extension <> '' OR known = 0 AND state <> 'missing' GROUP BY kind;

CREATE VIEW v_pending(seq, kind, operation, item, attempt, not_before, last_error) AS
  SELECT seq, kind, operation,
         CASE kind WHEN 'request' THEN method || ' ' || target ELSE document END,
         attempt,
         CASE WHEN not_before_ms > 0
              THEN strftime('%Y-%m-%dT%H:%M:%SZ', not_before_ms / 1000, 'unixepoch') END,
         last_error
    FROM frontier WHERE state = 'queued' ORDER BY priority, seq;

CREATE VIEW v_failures(item, kind, operation, http_status, class, attempts, last_error, not_before) AS
  SELECT CASE kind WHEN 'request' THEN method || ' ' || target ELSE document END,
         kind, operation, http_status, error_class, attempt, last_error, not_before_ms
    FROM frontier WHERE state = 'failed' ORDER BY seq;

CREATE VIEW v_cache(entries, bytes, hits, misses, evictions) AS
  SELECT coalesce((SELECT value FROM counters WHERE name = 'cache_entries'), 0),
         coalesce((SELECT value FROM counters WHERE name = 'cache_bytes'), 0),
         coalesce((SELECT value FROM counters WHERE name = 'cache_hits'), 0),
         coalesce((SELECT value FROM counters WHERE name = 'cache_misses'), 0),
         coalesce((SELECT value FROM counters WHERE name = 'cache_evictions'), 0);

CREATE VIEW v_runs(run, generation, started, finished, outcome, exit_code, requests, cache_hits,
                   outputs, message) AS
  SELECT run, generation,
         strftime('%Y-%m-%dT%H:%M:%SZ', started_ms / 1000, 'unixepoch'),
         strftime('%Y-%m-%dT%H:%M:%SZ', finished_ms / 1000, 'unixepoch'),
         outcome, exit_code, requests, cache_hits, outputs, message
    FROM runs ORDER BY run;

CREATE VIEW v_outputs(path, source_id, revision, bytes, sha256) AS
  SELECT path, source_id, revision, bytes, sha256 FROM outputs WHERE obsolete = 0 ORDER BY path;

CREATE VIEW v_notes(document, title, kind, text) AS
  SELECT n.document, d.title, n.kind, n.text
    FROM notes n LEFT JOIN documents d ON d.id = n.document ORDER BY n.document, n.note;

CREATE VIEW v_collections(collection, disposition, rows, cursor, cursor_seen, state) AS
  SELECT c.id, c.disposition, c.rows, c.cursor, c.cursor_seen, d.state
    FROM collections c LEFT JOIN documents d ON d.id = c.id ORDER BY c.id;

CREATE VIEW v_rows(collection, key, body, generation, position) AS
  SELECT c.id, r.key, r.body, r.generation, hex(r.position)
    FROM collections c JOIN rows r ON r.collection = c.collection ORDER BY c.id, r.position;

CREATE VIEW v_limits(name, value) AS SELECT name, value FROM limits ORDER BY name;

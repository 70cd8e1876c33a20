"""The tables of the SQLite store, and how a file of an older version comes to have them."""

#: What ``PRAGMA user_version`` says of a file with these tables.
VERSION = 2

_QUEUE = "CREATE INDEX jobs_queue ON jobs (rank, seq, not_before, work) WHERE status = 'queued'"
#: ``arrival``: when the newest job came, at least; ``filled``: everything in storage is here too.
_SINCE_2 = (
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value REAL NOT NULL)",
    "CREATE TABLE names (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL)",
)

#: A purged job keeps its row, emptied, under a status that ``JobStatus`` does not have. There is no index of the status
#: alone: it would be preferred to the small ones that also know the order.
TABLES = (
    """CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        client TEXT NOT NULL,
        batch TEXT,
        fingerprint TEXT NOT NULL,
        priority INTEGER NOT NULL,
        rank REAL NOT NULL,
        work REAL NOT NULL,
        created_at REAL NOT NULL,
        status TEXT NOT NULL,
        version INTEGER NOT NULL,
        token INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        worker TEXT NOT NULL,
        lease_until REAL NOT NULL,
        not_before REAL NOT NULL,
        cancel_requested INTEGER NOT NULL,
        reused INTEGER NOT NULL,
        started_at REAL,
        finished_at REAL,
        expires_at REAL,
        result INTEGER,
        spec TEXT NOT NULL,
        progress TEXT,
        frames TEXT NOT NULL,
        error TEXT,
        parting TEXT NOT NULL DEFAULT ''
    )""",
    _QUEUE,
    "CREATE INDEX jobs_waiting ON jobs (created_at) WHERE status = 'queued'",
    "CREATE INDEX jobs_leases ON jobs (lease_until) WHERE status = 'running'",
    "CREATE INDEX jobs_open ON jobs (client) WHERE status IN ('queued', 'running')",
    "CREATE INDEX jobs_equal ON jobs (fingerprint, seq) WHERE status = 'succeeded'",
    "CREATE INDEX jobs_pace ON jobs (finished_at) WHERE status = 'succeeded' AND reused = 0",
    "CREATE INDEX jobs_client ON jobs (client, created_at, seq) WHERE status != 'purged'",
    "CREATE INDEX jobs_batch ON jobs (batch, seq) WHERE batch IS NOT NULL",
    "CREATE INDEX jobs_expiry ON jobs (expires_at, status)",
    """CREATE TABLE keys (
        client TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        ids TEXT NOT NULL,
        expires_at REAL NOT NULL,
        PRIMARY KEY (client, key)
    ) WITHOUT ROWID""",
    "CREATE INDEX keys_expiry ON keys (expires_at)",
    "CREATE TABLE workers (id TEXT PRIMARY KEY, expires_at REAL NOT NULL, worker TEXT NOT NULL)",
    "CREATE TABLE checks (one INTEGER PRIMARY KEY, checked_at REAL NOT NULL)",
    *_SINCE_2,
    f"PRAGMA user_version = {VERSION}",
)

#: What makes version 2 of a file of version 1, whose order was by priority first. ``:aging`` is in seconds.
FROM_1 = (
    "ALTER TABLE jobs ADD COLUMN rank REAL NOT NULL DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN parting TEXT NOT NULL DEFAULT ''",
    "UPDATE jobs SET rank = created_at - :aging * priority",
    "DROP INDEX jobs_queue",
    _QUEUE,
    *_SINCE_2,
    "INSERT INTO marks SELECT 'arrival', created_at FROM jobs ORDER BY created_at DESC LIMIT 1",
    "INSERT INTO marks SELECT 'filled', 1 FROM jobs LIMIT 1",
    f"PRAGMA user_version = {VERSION}",
)

"""The statements of the SQLite store that decide: who runs what, how a job ends, where it stands.

Their values: ``:now``, ``:lease``, ``:ttl`` and ``:retention`` in seconds, ``:max`` attempts, a job's ``:id`` and
``:token``.
"""

from jobs.model import JobStatus
from jobs.sqlite_rows import ADOPTABLE, PURGED

_READY = "status = 'queued' AND not_before <= :now"
# The clock may have been set back meanwhile: then a lease seems to last for longer than any can.
_ABANDONED = "status = 'running' AND (lease_until < :now OR lease_until > :now + 2 * :lease)"
_SPENT = "(cancel_requested OR attempt >= :max)"
_BEST = "ORDER BY rank, seq LIMIT 1"

#: The job that may run now: by rank, which is the time it came at less what its priority is worth.
BEST = f"""SELECT seq FROM (
    SELECT * FROM (SELECT rank, seq FROM jobs WHERE {_READY} {_BEST})
    UNION ALL
    SELECT * FROM (SELECT rank, seq FROM jobs WHERE {_ABANDONED} {_BEST})
) {_BEST}"""

#: The same, of one job.
THIS = f"SELECT seq FROM jobs WHERE id = :id AND ({_READY} OR {_ABANDONED})"

_ENDS = "version = version + 1, lease_until = 0, not_before = 0, finished_at = :now, expires_at = :now + :ttl"
_HELD = "id = :id AND token = :token AND status = 'running'"


def claim(which: str) -> str:
    """Takes the job that ``which`` (BEST or THIS) selects, unless its attempts are used up or nobody wants it."""
    return f"""UPDATE jobs SET status = 'running', version = version + 1, token = token + 1, attempt = attempt + 1,
        worker = :worker, lease_until = :now + :lease, not_before = 0, error = NULL,
        started_at = coalesce(started_at, :now)
    WHERE seq = ({which}) AND NOT {_SPENT} RETURNING *"""


def end_spent(which: str) -> str:
    """Ends every abandoned job, and the one that ``which`` selects, whose attempts are used up or that nobody wants."""
    return f"""UPDATE jobs SET status = iif(cancel_requested, 'cancelled', 'failed'),
        error = iif(cancel_requested, NULL, :error), {_ENDS}
    WHERE seq IN (SELECT seq FROM jobs WHERE {_ABANDONED} UNION ALL SELECT * FROM ({which})) AND {_SPENT}
    RETURNING id"""


BEAT = f"""UPDATE jobs SET lease_until = :now + :lease, version = version + :changed,
    progress = coalesce(:progress, progress), frames = coalesce(:frames, frames)
WHERE {_HELD} RETURNING cancel_requested"""

FINISH = f"""UPDATE jobs SET status = :status, result = :result, error = :error, parting = :parting,
    progress = coalesce(:progress, progress), frames = coalesce(:frames, frames), {_ENDS}
WHERE {_HELD} RETURNING id"""

#: Whether a job was let go in this way already: the answer to it may have been lost.
PARTED = "SELECT 1 FROM jobs WHERE id = :id AND parting = :parting"

PART = "UPDATE jobs SET parting = :parting WHERE id = :id"

HELD = f"SELECT attempt, cancel_requested FROM jobs WHERE {_HELD}"

#: Whether a job that is not held as it was said is another's, or over.
ELSEWHERE = f"SELECT 1 FROM jobs WHERE id = ? AND NOT ({ADOPTABLE})"

LET_START = f"UPDATE jobs SET not_before = 0 WHERE id = ? AND status = 'queued' AND NOT ({ADOPTABLE})"

REQUEUE = f"""UPDATE jobs SET status = 'queued', version = version + 1, attempt = attempt - :taken_back, worker = '',
    lease_until = 0, not_before = :not_before, error = :error
WHERE {_HELD}"""

_LATE = "version = version + 1, worker = '', lease_until = 0, not_before = 0, error = NULL"

#: Gives the abandoned jobs back that ``end_spent`` has left.
REAP = f"UPDATE jobs SET status = 'queued', {_LATE} WHERE {_ABANDONED} RETURNING id"

ABANDONED = f"SELECT seq FROM jobs WHERE {_ABANDONED}"

FAIL = f"UPDATE jobs SET status = 'failed', error = :error, {_ENDS} WHERE id = :id"

CANCEL = f"""UPDATE jobs SET status = 'cancelled', cancel_requested = 1, error = NULL, {_ENDS}
WHERE id = :id"""

ASK_TO_CANCEL = """UPDATE jobs SET cancel_requested = 1, version = version + 1
WHERE id = :id AND status = 'running' AND NOT cancel_requested"""

#: Seconds per work of the last jobs that were really rendered, all together. Of tiny ones alone it says nothing: they
#: take as long as it takes to begin.
PACE = """SELECT iif(sum(work) >= 1, sum(finished_at - started_at) / sum(work), NULL) FROM (
    SELECT started_at, finished_at, work FROM jobs WHERE status = 'succeeded' AND reused = 0 AND started_at NOT NULL
    ORDER BY finished_at DESC LIMIT 20) WHERE finished_at > started_at"""

#: Number and work of the jobs that are taken before one of ``:rank`` and ``:seq``.
AHEAD = """SELECT count(*), total(work) FROM jobs WHERE status = 'queued' AND (rank, seq) < (:rank, :seq)"""

#: Seconds until the running jobs end, where ``:pace`` is the seconds per work. A loss that is not a number is no JSON.
REMAINING = """SELECT total(coalesce(
    CASE WHEN json_valid(progress) THEN json_extract(progress, '$.remaining_seconds') END, work * :pace
)) FROM jobs WHERE status = 'running'"""

EQUAL = """SELECT * FROM jobs WHERE fingerprint = :fingerprint AND status = 'succeeded' AND expires_at > :now
ORDER BY seq DESC LIMIT 1"""

OF_CLIENT = f"""SELECT * FROM jobs WHERE client = :client AND created_at < :before AND status != '{PURGED}'
ORDER BY created_at DESC, seq DESC LIMIT :limit"""

OF_BATCH = f"SELECT * FROM jobs WHERE batch = :batch AND status != '{PURGED}' ORDER BY seq"

RECALL = "SELECT fingerprint, ids FROM keys WHERE client = :client AND key = :key AND expires_at > :now"

#: Moves the newest arrival to now, never back, whatever the clock does.
ARRIVE = """INSERT INTO marks VALUES ('arrival', :now) ON CONFLICT (name) DO UPDATE SET value = max(value, :now)
RETURNING value"""

#: The way of a job that is retracted: left alone, asked to stop, or forgotten.
RETRACTABLE = f"""SELECT CASE
    WHEN status = 'running' THEN 'taken'
    WHEN status = 'queued' OR status != '{PURGED}' AND (reused OR started_at IS NULL) THEN 'free'
    ELSE 'over' END FROM jobs WHERE id = :id"""

FREE_KEY = "DELETE FROM keys WHERE client = :client AND key = :key AND ids = :ids"

RESERVE = """INSERT INTO names VALUES (:name, :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = :holder, expires_at = :until WHERE holder = :holder OR expires_at <= :now
RETURNING name"""

QUEUED = "SELECT count(*) FROM jobs INDEXED BY jobs_waiting WHERE status = 'queued'"

OPEN_OF_CLIENT = "SELECT count(*) FROM jobs WHERE client = :client AND status IN ('queued', 'running')"

EXPIRED = f"""SELECT id FROM jobs WHERE expires_at <= :now AND status != '{PURGED}'
ORDER BY expires_at LIMIT :limit"""

PURGE = f"""UPDATE jobs SET status = '{PURGED}', version = version + 1, expires_at = :now + :retention,
    client = '', batch = NULL, fingerprint = '', worker = '', spec = '{{}}', progress = NULL, frames = '[]',
    result = NULL, error = NULL, parting = ''
WHERE id = :id AND status IN ('succeeded', 'failed', 'cancelled') RETURNING id"""

FORGET_PURGED = f"DELETE FROM jobs WHERE expires_at <= :now AND status = '{PURGED}'"

FORGET_KEYS = "DELETE FROM keys WHERE expires_at <= :now"

FACTS = f"""SELECT ({QUEUED}) AS queued, (SELECT total(work) FROM jobs WHERE status = 'queued') AS work,
    (SELECT count(*) FROM jobs INDEXED BY jobs_leases WHERE status = 'running') AS running,
    (SELECT min(created_at) FROM jobs WHERE status = 'queued') AS oldest"""

#: One row with a column for each status.
COUNTS = "SELECT " + ", ".join(f"sum(status = '{each}') AS {each}" for each in JobStatus) + " FROM jobs"

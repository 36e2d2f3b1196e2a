"""A full disk where results are kept: the job says so, waits, and goes on with what is missing when there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Runs in a mount namespace of its own with a file system of 2 MB, so that it is really full and nobody else's.
PROGRAM = """
import sys
from pathlib import Path

from job_workers import Place, spec
from sqlalchemy import update

from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.jobs.leases import JOBS
from inferloop_synthetic.jobs.model import State
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.jobs.times import from_now
from inferloop_synthetic.jobs.worker import work_on
from inferloop_synthetic.pipeline.destination import LocalDestination

small, other = Path(sys.argv[1]), Path(sys.argv[2])
database = open_database(f"sqlite:///{other / 'jobs.db'}")
database.migrate()
store = JobStore(database)
context = Place(other, "").context(store, destination_for=lambda job_id: LocalDestination(small / job_id))
job = store.create(spec(rows=100_000, part_rows=25_000), "ann").job

ballast = small / "ballast"
ballast.write_bytes(bytes(1_400_000))
waits = work_on(job.id, context)
assert (waits.state, waits.parts) == (State.queued, 4), waits
assert waits.error == "the disk is full; trying again", waits.error
assert "Free space" in waits.hint
assert waits.not_before is not None
made = waits.parts_done
assert 0 < made < 4, waits
left = sorted(path.name for path in (small / job.id).iterdir() if path.is_file())
assert left == [receipt.path for receipt in store.receipts(job.id)], left

ballast.unlink()
with database.writing() as connection:
    connection.execute(update(JOBS).values(not_before=from_now(-1)))
done = work_on(job.id, context)
assert (done.state, done.parts_done, done.error) == (State.succeeded, 4, None), done
print("made before:", made)
"""


def test_a_full_disk_delays_a_job_and_loses_none_of_its_parts(tmp_path: Path) -> None:
    small, other = tmp_path / "small", tmp_path / "other"
    small.mkdir()
    other.mkdir()
    (tmp_path / "program.py").write_text(PROGRAM)
    script = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" "$1" "$4"'
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    support = Path(__file__).parents[2] / "support"
    result = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", small, sys.executable, tmp_path / "program.py", other],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(support)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("made before: ")

"""Jobs, the receipts of their parts, and idempotency keys."""

import sqlalchemy as sa
from alembic import op

from inferloop_synthetic.jobs.times import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Integer()),
        sa.Column("parts_done", sa.Integer(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("hint", sa.Text()),
        sa.Column("result", sa.JSON()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("delays", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(200)),
        sa.Column("trace", sa.String(512)),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("started", UtcTime()),
        sa.Column("finished", UtcTime()),
        sa.Column("lease_until", UtcTime()),
        sa.Column("not_before", UtcTime()),
        sa.Column("results_removed", UtcTime()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("ck_jobs_lease")),
    )
    op.create_index("ix_jobs_state_created", "jobs", ["state", "created", "id"])
    op.create_index("ix_jobs_owner_created", "jobs", ["owner", "created", "id"])
    op.create_table(
        "parts",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.String(1024), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "index", name="pk_parts"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_parts_job_id", ondelete="CASCADE"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_idempotency_keys_job_id", ondelete="CASCADE"),
    )
    op.create_index("ix_idempotency_keys_job_id", "idempotency_keys", ["job_id"])
    op.create_index("ix_idempotency_keys_created", "idempotency_keys", ["created"])


def downgrade() -> None:
    """Take the tables away."""
    for table in ("idempotency_keys", "parts", "jobs"):
        op.drop_table(table)

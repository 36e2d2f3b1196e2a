"""API keys, as digests."""

import sqlalchemy as sa
from alembic import op

from inferloop_synthetic.jobs.times import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(120), nullable=False),
        sa.Column("scopes", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("expires", UtcTime()),
        sa.Column("revoked", UtcTime()),
        sa.Column("last_used", UtcTime()),
        sa.Column("replaced_by", sa.String(16)),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("records_per_minute", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_owner", "api_keys", ["owner"])


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("api_keys")

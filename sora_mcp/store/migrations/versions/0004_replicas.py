"""What many replicas need: the latest finished jobs of an engine, and requests counted together."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add an index and a table."""
    completed = sa.text("status = 'completed'")
    op.create_index(
        "jobs_latest",
        "jobs",
        ["engine", "created_at"],
        sqlite_where=completed,
        postgresql_where=completed,
    )
    op.create_table(
        "requests",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("minute", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )

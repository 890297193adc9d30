"""The ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("engine_job_id", sa.Text),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("delete_requested", sa.Boolean, nullable=False),
        sa.Column("deleted_at", sa.BigInteger),
        sa.Column("run_at", sa.BigInteger),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("queue_engine", sa.Text),
        sa.Column("slot_engine", sa.Text),
        sa.Column("cost_microusd", sa.BigInteger),
        sa.Column("change", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    _index("jobs_due", "queue_engine", "run_at", where="run_at IS NOT NULL")
    _index("jobs_slots", "slot_engine", where="slot_engine IS NOT NULL")
    _index("jobs_engine_job_id", "engine_job_id", where="engine_job_id IS NOT NULL")
    _index("jobs_page", "owner", "created_at", "id", "status", where="deleted_at IS NULL")
    _index("jobs_cost", "created_at", "owner", "cost_microusd", where="cost_microusd IS NOT NULL")
    _index(
        "jobs_idempotency_key",
        *("owner", "idempotency_key"),
        where="idempotency_key IS NOT NULL AND deleted_at IS NULL",
        unique=True,
    )
    _index("jobs_change", "change")
    op.create_table(
        "words",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column(
            "word",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            primary_key=True,
        ),
        sa.Column("job_id", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unheard",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table("owners", sa.Column("name", sa.Text, primary_key=True))
    op.create_table(
        "engines",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("next_submit_at", sa.BigInteger, nullable=False),
    )


def _index(name: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    rows = None if where is None else sa.text(where)
    op.create_index(name, "jobs", columns, unique=unique, sqlite_where=rows, postgresql_where=rows)

"""Whether a job has a word."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("words_of_job", "words", ["job_id", "word"])

"""The home folder whose processes alone can ask an engine about its job."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column: what was there before, all can ask about."""
    op.add_column("jobs", sa.Column("home", sa.Text()))

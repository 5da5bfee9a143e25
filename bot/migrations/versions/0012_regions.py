"""Regions: the part of a country in which somebody lives, and whether their zone was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("debtor") as table:
        table.add_column(sa.Column("region", sa.String(), nullable=False, server_default=""))
        table.add_column(
            sa.Column("timezone_assumed", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    with op.batch_alter_table("debtor") as table:
        table.drop_column("timezone_assumed")
        table.drop_column("region")

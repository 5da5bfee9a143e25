"""Ledger: balances kept elsewhere, interest of our own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ALTER TABLE, on SQLite too: a batch would copy the ledger and lose its triggers.
    op.add_column("account", sa.Column("balance_read_at", UtcDateTime(), nullable=True))
    op.add_column("account", sa.Column("accrued_to", sa.Date(), nullable=True))
    op.add_column(
        "account", sa.Column("accrued_carry", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column(
        "creditor", sa.Column("balance_feed", sa.String(), nullable=False, server_default="")
    )
    op.add_column(
        "ledger_entry", sa.Column("details", sa.JSON(), nullable=False, server_default="{}")
    )


def downgrade() -> None:
    op.drop_column("ledger_entry", "details")
    op.drop_column("creditor", "balance_feed")
    op.drop_column("account", "accrued_carry")
    op.drop_column("account", "accrued_to")
    op.drop_column("account", "balance_read_at")

"""The queue of the workers, and the pace they share; on PostgreSQL only."""

from __future__ import annotations

from alembic import op

from bot.migrations import queue_schema

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    queue_schema.install(op.get_bind())


def downgrade() -> None:
    queue_schema.remove(op.get_bind())

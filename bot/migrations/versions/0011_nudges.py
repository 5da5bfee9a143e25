"""Nudges: slots, the switch, who is in which arm of an experiment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nudge_slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("creditor_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ladder", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "approved",
                "sent",
                "blocked",
                "cancelled",
                name="slotstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("planned_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"]),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "rule", "due_on"),
    )
    with op.batch_alter_table("nudge_slot", schema=None) as batch_op:
        for column in ("account_id", "creditor_id", "debtor_id"):
            batch_op.create_index(batch_op.f(f"ix_nudge_slot_{column}"), [column], unique=False)
        batch_op.create_index("ix_nudge_slot_waiting", ["state", "lease_until"], unique=False)

    op.create_table(
        "nudge_control",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "paused",
                "stopped",
                name="controlstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("scope"),
    )
    op.create_table(
        "nudge_allocation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment", sa.String(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("allocated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("experiment", "debtor_id"),
    )
    with op.batch_alter_table("nudge_allocation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_nudge_allocation_debtor_id"), ["debtor_id"], unique=False
        )


def downgrade() -> None:
    op.drop_table("nudge_allocation")
    op.drop_table("nudge_control")
    op.drop_table("nudge_slot")

"""Lawful contact: what the gate answered, and what people asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_preference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=True),
        sa.Column("closes", sa.Time(), nullable=True),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("a_week", sa.Integer(), nullable=True),
        sa.Column("silent_until", UtcDateTime(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("contact_preference", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_preference_debtor_id"), ["debtor_id"], unique=True
        )

    op.create_table(
        "contact_ruling",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "reply",
                "service",
                "reminder",
                "nudge",
                name="purpose",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "decision",
            sa.Enum("send", "later", "blocked", name="decision", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id", "place"),
    )
    with op.batch_alter_table("contact_ruling", schema=None) as batch_op:
        for column in ("message_id", "conversation_id", "debtor_id", "decided_at"):
            batch_op.create_index(batch_op.f(f"ix_contact_ruling_{column}"), [column], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("contact_ruling", schema=None) as batch_op:
        for column in ("decided_at", "debtor_id", "conversation_id", "message_id"):
            batch_op.drop_index(batch_op.f(f"ix_contact_ruling_{column}"))

    op.drop_table("contact_ruling")
    with op.batch_alter_table("contact_preference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contact_preference_debtor_id"))

    op.drop_table("contact_preference")

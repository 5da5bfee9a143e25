"""Habits: when and where people answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "debtor_habit",
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("hour_hits", sa.Integer(), nullable=False),
        sa.Column("hour_seen", sa.Integer(), nullable=False),
        sa.Column("hour_others", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("channel_answered", sa.Integer(), nullable=False),
        sa.Column("channel_sent", sa.Integer(), nullable=False),
        sa.Column("channel_others", sa.Integer(), nullable=False),
        sa.Column("importance", sa.String(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("answered_last", sa.Boolean(), nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.PrimaryKeyConstraint("debtor_id"),
    )
    op.create_table(
        "habit_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.Column("policy_since", sa.Date(), nullable=False),
        sa.Column("portfolio", sa.JSON(), nullable=False),
        sa.Column("propensity", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("habit_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_habit_run_learned_at"), ["learned_at"], unique=False)


def downgrade() -> None:
    op.drop_table("habit_run")
    op.drop_table("debtor_habit")

"""Follow up"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_due_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("moved_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("missed_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("paid_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("moves", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("moved_to_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            "fk_promise_moved_to_id_promise", "promise", ["moved_to_id"], ["id"]
        )
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum("promise", "instalment", name="subject", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("held", "sent", name="followupstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("ruled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("debtor_id", "sent_on"),
        sa.UniqueConstraint("subject", "subject_id", "step", "due_on"),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_follow_up_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_follow_up_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_debtor_id"), ["debtor_id"], unique=False)


def downgrade() -> None:
    op.drop_table("follow_up")
    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_constraint("fk_promise_moved_to_id_promise", type_="foreignkey")
        batch_op.drop_column("moved_to_id")
        batch_op.drop_column("moves")
        batch_op.drop_column("closed_at")
    with op.batch_alter_table("instalment", schema=None) as batch_op:
        batch_op.drop_column("paid_at")
        batch_op.drop_column("missed_at")
        batch_op.drop_column("moved_at")
        batch_op.drop_column("original_due_on")

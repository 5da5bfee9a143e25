"""Offers say their step, saving and rhythm; budgets; mediation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(
            sa.Column("waived_minor", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("every", sa.String(), nullable=False, server_default="monthly")
        )
        batch_op.add_column(
            sa.Column("agent_reasons", sa.JSON(), nullable=False, server_default="[]")
        )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("waived_minor", sa.BigInteger(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("every", sa.String(), nullable=False, server_default="monthly")
        )

    op.create_table(
        "budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("income_minor", sa.BigInteger(), nullable=True),
        sa.Column("housing_minor", sa.BigInteger(), nullable=True),
        sa.Column("essentials_minor", sa.BigInteger(), nullable=True),
        sa.Column("debts_minor", sa.BigInteger(), nullable=True),
        sa.Column("dependants", sa.Integer(), nullable=True),
        sa.Column("most_minor", sa.BigInteger(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("warned_at", UtcDateTime(), nullable=True),
        sa.Column("delete_after", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("debtor_id"),
    )
    with op.batch_alter_table("budget", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_budget_delete_after"), ["delete_after"], unique=False)

    op.create_table(
        "mediation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("creditor_id", sa.Integer(), nullable=False),
        sa.Column("debtor_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "refused",
                "countered",
                "lapsed",
                name="mediationstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answer_by", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"]),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["agent.id"]),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mediation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mediation_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediation_answer_by"), ["answer_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediation_creditor_id"), ["creditor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediation_debtor_id"), ["debtor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mediation_status"), ["status"], unique=False)


def downgrade() -> None:
    op.drop_table("mediation")
    op.drop_table("budget")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_column("every")
        batch_op.drop_column("waived_minor")
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.drop_column("agent_reasons")
        batch_op.drop_column("every")
        batch_op.drop_column("waived_minor")
        batch_op.drop_column("step")

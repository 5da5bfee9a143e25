"""Clearances: who allowed a creditor to use WhatsApp; what Meta says of numbers and templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_clearance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("creditor_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("cleared_by", sa.String(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=False),
        sa.Column("document_name", sa.String(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("channel_clearance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_channel_clearance_creditor_id"), ["creditor_id"], unique=False
        )

    op.create_table(
        "whatsapp_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("phone"),
    )
    op.create_table(
        "whatsapp_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account"),
    )
    op.create_table(
        "whatsapp_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "language"),
    )
    op.create_table(
        "whatsapp_initiation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recipient"),
    )
    with op.batch_alter_table("whatsapp_initiation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_whatsapp_initiation_at"), ["at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("whatsapp_initiation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_whatsapp_initiation_at"))

    op.drop_table("whatsapp_initiation")
    op.drop_table("whatsapp_template")
    op.drop_table("whatsapp_account")
    op.drop_table("whatsapp_number")
    with op.batch_alter_table("channel_clearance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_channel_clearance_creditor_id"))

    op.drop_table("channel_clearance")

"""Stripe: customers, refunds, disputes, saved methods, automatic charges, reconciliation"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INDEXES = {
    "provider_customer": ["debtor_id"],
    "refund": ["account_id", "creditor_id", "number", "payment_id", "provider_id", "status"],
    "dispute": ["account_id", "payment_id", "status"],
    "setup_request": ["debtor_id", "token"],
    "saved_method": ["debtor_id"],
    "auto_charge": ["account_id", "instalment_id", "method_id", "status"],
}
_UNIQUE = {("refund", "number"), ("setup_request", "token")}


def _states(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _to(table: str, *, column: str = "", nullable: bool = False) -> sa.Column[Any]:
    name = column or f"{table}_id"
    return sa.Column(name, sa.Integer(), sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _amount() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("minor", sa.BigInteger(), nullable=False), _text("currency")


def upgrade() -> None:
    with op.batch_alter_table("payment_request", schema=None) as batch_op:
        batch_op.add_column(_moment("link_until", nullable=True))
        batch_op.add_column(_moment("pending_until", nullable=True))
    with op.batch_alter_table("external_event", schema=None) as batch_op:
        batch_op.add_column(_moment("happened_at", nullable=True))
        batch_op.add_column(
            sa.Column("found", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("waits_for", sa.String(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_external_event_handled_at"), ["handled_at"])
        batch_op.create_index(batch_op.f("ix_external_event_waits_for"), ["waits_for"])
    _people()
    _money()
    _books()
    for table, columns in _INDEXES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.create_index(
                    batch_op.f(f"ix_{table}_{column}"), [column], unique=(table, column) in _UNIQUE
                )


def _people() -> None:
    op.create_table(
        "provider_customer",
        _id(),
        _text("provider"),
        _to("debtor"),
        _text("provider_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "debtor_id"),
    )
    op.create_table(
        "setup_request",
        _id(),
        _text("token"),
        _to("debtor"),
        _to("conversation"),
        _text("consent"),
        sa.Column("status", _states("setupstate", "open", "done", "expired"), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _text("link_id"),
        _text("link_url"),
        _moment("link_until", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "saved_method",
        _id(),
        _text("provider"),
        _text("provider_id"),
        _text("customer_id"),
        _to("debtor"),
        _to("conversation"),
        _text("brand"),
        _text("last4"),
        _text("consent"),
        _moment("consented_at"),
        _moment("revoked_at", nullable=True),
        _text("revoked_because"),
        _moment("forgotten_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "provider_id"),
    )


def _money() -> None:
    op.create_table(
        "refund",
        _id(),
        _text("number"),
        _to("creditor"),
        _to("account"),
        _to("payment"),
        _to("conversation", nullable=True),
        *_amount(),
        sa.Column(
            "reason", _states("refundreason", "surplus", "requested", "provider"), nullable=False
        ),
        sa.Column(
            "status",
            _states(
                "refundstate", "proposed", "approved", "sent", "succeeded", "failed", "refused"
            ),
            nullable=False,
        ),
        _text("authority"),
        _moment("proposed_at"),
        _moment("decided_at", nullable=True),
        _text("decided_by"),
        _text("note"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("retry_at", nullable=True),
        _text("provider_id"),
        _text("problem"),
        _moment("booked_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dispute",
        _id(),
        _text("provider"),
        _text("provider_id"),
        _to("payment"),
        _to("account"),
        *_amount(),
        _text("reason"),
        sa.Column(
            "status",
            _states("disputestate", "inquiry", "open", "won", "lost", "closed"),
            nullable=False,
        ),
        _moment("opened_at"),
        _moment("closed_at", nullable=True),
        _text("case_number"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "provider_id"),
    )
    op.create_table(
        "auto_charge",
        _id(),
        _to("saved_method", column="method_id"),
        _to("account"),
        _to("instalment"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        *_amount(),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            _states("chargestate", "due", "succeeded", "declined", "needs_debtor"),
            nullable=False,
        ),
        _text("code"),
        _moment("created_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("retry_at", nullable=True),
        _text("provider_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("instalment_id", "attempt"),
    )


def _books() -> None:
    op.create_table(
        "event_cursor",
        _text("provider"),
        _moment("read_to"),
        _moment("compared_at", nullable=True),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "difference",
        _id(),
        _text("provider"),
        _text("kind"),
        _text("provider_id"),
        *_amount(),
        _moment("since"),
        _moment("resolved_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "kind", "provider_id"),
    )


def downgrade() -> None:
    for table in ("difference", "event_cursor"):
        op.drop_table(table)
    for table in ("auto_charge", "dispute", "refund", "saved_method", "setup_request"):
        op.drop_table(table)
    op.drop_table("provider_customer")
    with op.batch_alter_table("external_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_external_event_handled_at"))
        batch_op.drop_index(batch_op.f("ix_external_event_waits_for"))
        batch_op.drop_column("waits_for")
        batch_op.drop_column("found")
        batch_op.drop_column("happened_at")
    with op.batch_alter_table("payment_request", schema=None) as batch_op:
        batch_op.drop_column("pending_until")
        batch_op.drop_column("link_until")

"""The axis the product turns on: is this an objection, a hardship, or something else?"""

from __future__ import annotations

PRECEDENCE = (
    "crisis",
    "contact_right",
    "human",
    "objection",
    "hardship",
    "negotiation",
    "payment",
    "account",
    "information",
    "social",
    "other",
)
"""In which order several acts of one message are answered."""

_BY_NAME = {
    "contact_right": "opt_out wrong_person deceased_holder contact_preference data_rights",
    "human": "ask_human",
    "negotiation": (
        "request_plan request_extension request_discount counter_offer promise_to_pay "
        "callback_later"
    ),
    "payment": (
        "pay_now pay_partial ask_payment_methods payment_problem ask_receipt ask_refund "
        "third_party_pays"
    ),
    "account": (
        "ask_balance ask_breakdown ask_due_date ask_payment_history ask_plan_status "
        "ask_invoice_copy ask_settlement_letter"
    ),
    "information": (
        "ask_consequences ask_credit_bureau ask_legal_action ask_privacy ask_how_it_works "
        "financial_education"
    ),
    "social": "greet goodbye thanks affirm deny bot_challenge change_language chitchat",
}
_STANCE = {name: stance for stance, names in _BY_NAME.items() for name in names.split()}


def stance_of(intent: str) -> str:
    """The stance of an intent; `other` for what has none."""
    first = intent.split("_")[0]
    if first in ("crisis", "objection", "hardship"):
        return first
    return _STANCE.get(intent, "other")

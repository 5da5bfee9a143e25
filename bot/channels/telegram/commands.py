"""The words after a slash: what each one means, and which of them the menu shows.

Everybody who opens the bot sees the menu, so nothing in it may speak of a debt (invariant 1). The
other words are understood when they are typed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu: its word in each language, and the catalogue's name for what it says."""

    text: str
    words: dict[str, str]


MENU = (
    Entry("telegram_menu_account", {"es": "cuenta", "pt": "conta", "en": "account"}),
    Entry("telegram_menu_options", {"es": "opciones", "pt": "opcoes", "en": "options"}),
    Entry("telegram_menu_person", {"es": "persona", "pt": "pessoa", "en": "person"}),
    Entry("telegram_menu_stop", {"es": "baja", "pt": "sair", "en": "stop"}),
    Entry("telegram_menu_help", {"es": "ayuda", "pt": "ajuda", "en": "help"}),
)

START = "start"

OPT_OUT = "/opt_out"

ACTS = {
    **dict.fromkeys(("cuenta", "conta", "account", "saldo", "balance"), "/ask_balance"),
    **dict.fromkeys(("opciones", "opcoes", "options"), "/request_plan"),
    **dict.fromkeys(("plan", "plano", "cuotas", "parcelar", "acordo"), "/request_plan"),
    **dict.fromkeys(("pague", "paguei", "paid"), "/objection_already_paid"),
    **dict.fromkeys(("persona", "pessoa", "person", "asesor", "atendente"), "/ask_human"),
    **dict.fromkeys(("agente", "agent", "human", "humano"), "/ask_human"),
    **dict.fromkeys(("baja", "sair", "stop", "parar"), OPT_OUT),
    **dict.fromkeys(("ayuda", "ajuda", "help"), "/ask_how_it_works"),
}
"""What each command tells the dialogue, as the button of the same meaning would."""

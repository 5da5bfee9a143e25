"""Pure decisions, summaries and words."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console import labels, rules, texts
from bot.console.summary import Line, Reading, summary_lines

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SPANISH = Reading("es", "es_MX", "America/Mexico_City")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("María Fernanda López García", "María F."),
        ("ana", "ana"),
        ("  José   ángel ", "José Á."),
        ("", ""),
    ],
)
def test_a_name_is_a_first_name_and_an_initial(name: str, shown: str) -> None:
    assert rules.masked_name(name) == shown


@given(st.lists(st.text(string.ascii_letters, min_size=2, max_size=12), min_size=2, max_size=5))
def test_a_masked_name_never_shows_a_second_word(words: list[str]) -> None:
    shown = rules.masked_name(" ".join(words))
    assert shown == f"{words[0]} {words[1][0].upper()}."


@given(st.text())
def test_a_reply_holds_no_control_character_and_fits(typed: str) -> None:
    try:
        text = rules.reply_text(typed)
    except rules.ReplyRefused:
        return
    assert 0 < len(text) <= rules.LONGEST_REPLY
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    assert rules.reply_text(text) == text


@given(st.text(max_size=300))
def test_an_excerpt_is_one_short_line(text: str) -> None:
    line = rules.excerpt(text)
    assert len(line) <= rules.EXCERPT + 1
    assert "\n" not in line


@pytest.mark.parametrize(
    ("waited", "red", "urgency"),
    [(0, False, "calm"), (180, False, "soon"), (300, False, "late"), (59, True, "soon")],
)
def test_a_wait_is_judged_against_its_target(waited: int, red: bool, urgency: str) -> None:
    target = rules.reply_target(red=red, first=True)
    assert rules.urgency(timedelta(seconds=waited), target) == urgency


def test_a_crisis_has_the_shortest_target() -> None:
    assert rules.reply_target(red=True, first=False) < rules.reply_target(red=False, first=True)


@pytest.mark.parametrize(
    ("supervises", "own", "creditor", "with_person", "sees"),
    [
        (False, None, 1, True, True),
        (False, 1, 1, True, True),
        (False, 2, 1, True, False),
        (False, 1, 1, False, False),
        (True, None, 1, False, True),
        (True, 2, 1, False, False),
        (True, 2, 1, True, False),
    ],
)
def test_who_may_see_what(
    supervises: bool, own: int | None, creditor: int, with_person: bool, sees: bool
) -> None:
    assert sees is rules.may_see(
        supervises=supervises, own_creditor=own, creditor_id=creditor, with_person=with_person
    )


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/console/../pay",
        "/console\n",
        "/console/c/1/take",
    ],
)
def test_signing_in_leads_to_no_other_place(path: str) -> None:
    assert rules.return_path(path) == "/console"


# --- summaries --------------------------------------------------------------------------------------


def test_a_summary_is_read_at_a_glance() -> None:
    lines = summary_lines(
        {
            "balance": {"minor": 840000, "currency": "MXN"},
            "offers": [
                {
                    "kind": "plan",
                    "currency": "MXN",
                    "instalments": [
                        {"due": "2026-03-30", "minor": 140000},
                        {"due": "2026-04-30", "minor": 140050},
                    ],
                    "status": "open",
                }
            ],
            "promise": {"currency": "MXN", "minor": 50000, "due_on": "2026-03-06"},
            "case": "C-7QF3K9XA",
            "case_reason": "hardship_job_loss",
            "intent": "counter_offer",
            "level": 2,
            "days_overdue": 31,
            "flags": ["vulnerable", "fraud"],
            "callback": datetime(2026, 3, 3, 15, 30, tzinfo=UTC),
            "nothing": None,
            "urgent": True,
        },
        SPANISH,
    )
    assert lines == [
        Line("Último tema", "Hace una contraoferta"),
        Line("Caso", "C-7QF3K9XA"),
        Line("Saldo", "$8,400"),
        Line(
            "Ofertas",
            "Tipo: Plan · Cuotas: $1,400 · Vence: 30 mar 2026; $1,400.50 · Vence: 30 abr 2026"
            " · Estado: Abierta",
        ),
        Line("Promesa", "$500 · Vence: 6 mar 2026"),
        Line("Motivo del caso", "Perdió el trabajo"),
        Line("Días de atraso", "31"),
        Line("Señales", "Necesita cuidado especial, Suplantación o fraude"),
        Line("Callback", "3 mar 2026, 09:30"),
        Line("Urgent", "Sí"),
    ]


def test_a_summary_shows_no_amount_without_its_currency() -> None:
    assert summary_lines({"total_minor": 5000, "offer": {"minor": 5000}}, SPANISH) == []


@given(
    st.dictionaries(
        st.sampled_from(["name", "ref", "address", "phone", "email", "debtor_id", "birth", "url"]),
        st.text(min_size=1),
        min_size=1,
    )
)
def test_a_summary_never_shows_who_it_is(slipped_in: dict[str, str]) -> None:
    assert summary_lines(slipped_in, SPANISH) == []
    assert summary_lines({"offer": slipped_in}, SPANISH) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=12), _JSON, max_size=8))
def test_any_summary_at_all_can_be_shown(summary: dict[str, object]) -> None:
    for line in summary_lines(summary, SPANISH):
        assert line.value and len(line.value) <= 300


def test_the_apps_own_words_win() -> None:
    reading = Reading("es", "es_MX", "UTC", lambda _, code: {"intent": "Asunto"}.get(code))
    assert summary_lines({"intent": "greet"}, reading) == [Line("Asunto", "Saluda")]


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["pt", "en"])
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    reference, other = texts.catalogue("es"), texts.catalogue(language)
    assert reference.keys() == other.keys()

    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {k: places(v) for k, v in reference.items()} == {k: places(v) for k, v in other.items()}


def test_every_text_is_used_and_every_text_used_exists() -> None:
    folder = Path(str(files("bot.console")))
    source = "".join(
        path.read_text()
        for path in [*folder.glob("*.py"), *folder.glob("templates/*"), *folder.glob("static/*.js")]
        if path.name != "texts.py"
    )
    made = re.compile(
        r"(role|empty|level|state|from|last_from|notice|problem|crisis|waiting|unanswered)_\w+"
    )
    unused = [key for key in texts.catalogue("es") if key not in source and not made.fullmatch(key)]
    assert unused == ["less_than_a_minute"] or unused == []
    asked = set(re.findall(r'\bt\("(\w+)"[,)]', source))
    assert asked <= texts.catalogue("es").keys()


def test_every_code_has_words_in_every_language() -> None:
    for code, words in labels.words().items():
        assert len(words) == 3 and all(words), code
    assert labels.label("es", "never_heard_of") == "Never heard of"
    assert labels.label("en", "asked") == "Asked for a person"


def test_every_intent_a_debtor_can_have_has_words() -> None:
    import yaml

    root = Path(__file__).parents[2]
    found: set[str] = set()
    for file in (root / "nlu").glob("*.yml"):
        for block in yaml.safe_load(file.read_text(encoding="utf-8")).get("nlu", []):
            found.add(str(block.get("intent", "")).split("/")[0])
    missing = {i for i in found if i and not labels.has_label("es", i)}
    assert not missing, "give them words in bot/console/labels.py"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "es"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("de-DE, en;q=0.7, pt;q=0.2", "en"),
        ("en;q=0, pt;q=0.1", "pt"),
        ("en;q=nonsense", "es"),
        ("*", "es"),
        ("," * 5000, "es"),
    ],
)
def test_the_browsers_language_decides(header: str, language: str) -> None:
    assert texts.language_of(header) == language


def test_a_duration_is_told_in_two_units_at_most() -> None:
    words = texts.Texts("es")
    assert words.duration(-5) == "menos de 1 min"
    assert words.duration(61) == "1 min"
    assert words.duration(3900) == "1 h 05 min"
    assert words.duration(200_000) == "2 d 7 h"


def test_an_unknown_text_is_a_mistake_of_ours() -> None:
    with pytest.raises(texts.UnknownText):
        texts.Texts("es")("no_such_text")

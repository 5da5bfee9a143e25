"""Rules of the house, as tests: names meet on both sides, nothing is said that is not written."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from bot.arrangements import rules as arrangement_rules
from bot.runtime.paths import ROOT
from bot.texts.catalogue import LANGUAGES, REFERENCE, load
from bot.understanding.stance import stance_of
from nlu.evaluation.examples import read_corpus

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
TOPICS_WITHOUT = {
    # topic: {folder: why}
    "smalltalk": {},
    "identity": {"nlu": "what says who somebody is never reaches the classifier"},
    "plan_status": {"nlu": "how a plan stands is asked in the words of nlu/plan.yml"},
}


def test_every_topic_has_its_word_in_each_folder():
    flows = {p.stem for p in (ROOT / "flows").glob("*.yml")}
    nlu = {p.stem for p in (ROOT / "nlu").glob("*.yml")}
    # budget is asked inside plan_form: nobody opens a conversation with it.
    aside = {"__init__", "base", "links", "budget"}
    actions = {p.stem for p in (ROOT / "actions").glob("*.py")} - aside
    assert flows == actions
    assert flows - {t for t, e in TOPICS_WITHOUT.items() if "nlu" in e} == nlu


def test_the_catalogues_have_the_same_entries():
    reference = set(load(REFERENCE))
    for language in LANGUAGES:
        assert set(load(language)) == reference, language


def _placeholders(entry: object) -> set[str]:
    if isinstance(entry, dict):
        return set().union(*map(_placeholders, entry.values()))
    return set(re.findall(r"\{(\w+)", str(entry)))


def test_the_catalogues_ask_for_the_same_values():
    for key, entry in load(REFERENCE).items():
        for language in LANGUAGES:
            other = _placeholders(load(language)[key])
            assert other - {"name", "brand"} <= _placeholders(entry) | {"brand", "name"}, key


def _strings(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def test_everything_said_in_actions_is_in_the_catalogue():
    known = load(REFERENCE)
    said = set()
    for path in (ROOT / "actions").glob("*.py"):
        said |= {s for s in _strings(path) if re.fullmatch(r"(utter|line|link)_[a-z_]+", s)}
    stems = {"utter_balance", "utter_due", "utter_hardship_", "utter_dispute_"}
    missing = {s for s in said if s not in known and not any(s == x for x in stems)}
    assert not missing
    for stem in ("utter_balance", "utter_due"):
        assert {f"{stem}_{w}" for w in ("overdue", "today", "not_due")} <= set(known)
    for intent in DOMAIN["intents"]:
        if intent.startswith("hardship_"):
            assert f"utter_{intent}" in known
        if intent.startswith("objection_") and intent not in (
            "objection_already_paid",
            "objection_distrust",
        ):
            assert f"utter_dispute_{intent.removeprefix('objection_')}" in known


def test_every_response_of_the_domain_is_in_the_catalogue():
    known = load(REFERENCE)
    for name, variants in DOMAIN["responses"].items():
        assert name in known
        for variant in variants:
            assert variant["custom"]["response"] == name
            for button in variant["custom"]["buttons"]:
                assert f"button_{button}" in known


def test_every_reason_of_an_offer_has_its_words():
    reasons = {
        value
        for name, value in vars(arrangement_rules).items()
        if name.isupper() and isinstance(value, str)
    }
    assert reasons
    assert reasons <= set(load(REFERENCE))


def test_every_intent_has_a_rule_and_a_stance():
    with_rule = set()
    for path in (ROOT / "flows").glob("*.yml"):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            with_rule |= {step["intent"] for step in rule["steps"] if "intent" in step}
    assert with_rule - {"nlu_fallback"} == set(DOMAIN["intents"])
    for intent in DOMAIN["intents"]:
        assert stance_of(intent) != "other" or intent in ("abuse", "out_of_scope", "give_identity")


def test_every_intent_has_examples_and_every_example_an_intent_of_the_domain():
    # How many, in which languages and under one intent only: tests/understanding/test_corpus.py.
    taught = {example.intent for example in read_corpus()}
    assert taught == set(DOMAIN["intents"]) - {"give_identity"}


@pytest.mark.parametrize("path", sorted((ROOT / "bot").rglob("models.py")), ids=str)
def test_no_float_in_a_table(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    floats = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.AnnAssign) and "float" in ast.unparse(n.annotation)
    ]
    allowed = {"confidence"}
    assert {ast.unparse(n.target) for n in floats} <= allowed


WORDS_OF_DEBT = re.compile(
    r"\b(deud\w*|deb[eo]\b|adeud\w*|saldo|moros\w*|cobran\w*|cuota\w*|dívida|devo\b|boleto|"
    r"debt\w*|owe\w*|overdue|balance|instal\w*|collect\w*)",
    re.IGNORECASE,
)
SAID_TO_ANYBODY = (
    "utter_case_answer_waiting",
    "utter_claim_file_kept",
    "utter_greeting",
    "utter_wrong_person",
    "utter_identity_again",
    "utter_identity_locked",
    "utter_identity_name_missing",
    "utter_identity_facts_missing",
    "utter_ask_identity",
    "utter_ask_identity_known",
    "utter_crisis",
    "utter_crisis_no_lines",
    "utter_payment_noted",
    "utter_message_waiting",
    "page_open_spent",
    "calendar_title",
    "utter_handoff",
    "utter_hardship_job_loss",
    "utter_hardship_cannot_pay",
    "utter_dispute_heard",
    "utter_code_asked",
    "utter_code_again",
    "utter_code_too_many",
    "utter_button_old",
    "utter_unsupported",
    "utter_no_groups",
    "utter_slower",
    "utter_contact_received",
    "utter_still_silent",
    "utter_opted_in",
    "telegram_menu_account",
    "telegram_menu_options",
    "telegram_menu_person",
    "telegram_menu_stop",
    "telegram_menu_help",
    "telegram_about",
    "telegram_description",
    "mail_subject",
    "mail_subject_code",
    "mail_code",
    "utter_nudge_waiting_a",
    "utter_nudge_waiting_b",
    "line_nudge_stop",
    "utter_wish_kept",
    "line_how_often",
    "line_wish_when",
    "line_how_to_change",
    "line_nothing_unasked",
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SAID_TO_ANYBODY)
def test_what_is_said_to_anybody_has_no_word_of_debt(language, key):
    assert not WORDS_OF_DEBT.search(str(load(language)[key]))
    assert "{name}" not in str(load(language)[key])


def test_no_text_for_a_debtor_threatens_or_shames():
    banned = re.compile(
        r"\b(moros|incumpl|embarg|cárcel|demanda|judicial|policía|último aviso|inadimpl|lawsuit|"
        r"police|jail|final notice|deadbeat|vergüenza|shame)",
        re.IGNORECASE,
    )
    for language in LANGUAGES:
        for key, entry in load(language).items():
            assert not banned.search(str(entry)), (language, key)


def test_the_table_of_settings_is_the_settings():
    from bot.settings import Settings

    table = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", table, re.MULTILINE)
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"ACUERDO_{name.upper()}")
        meanings = [meaning for row, meaning in rows if row == variable]
        assert any(str(field.description) in meaning for meaning in meanings), variable

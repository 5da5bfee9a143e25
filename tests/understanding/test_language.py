"""The language follows the person, but not for a name, a number or a borrowed word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding import language
from bot.understanding.language import LANGUAGES, detect_language

CLEAR = [
    ("Hola, quiero saber cuánto debo", "es"),
    ("no puedo pagar esta semana", "es"),
    ("¿en cuántas cuotas lo puedo hacer?", "es"),
    ("me quedé sin trabajo en octubre y no tengo plata", "es"),
    ("YA PAGUE EL MARTES POR TRANSFERENCIA", "es"),
    ("buenas tardes señorita, le hago una consulta", "es"),
    ("tengo una duda con el recargo que me cobraron", "es"),
    ("kiero pagar pero no tengo el link", "es"),
    ("me puede mandar el recibo por favor", "es"),
    ("quisiera hablar con una persona", "es"),
    ("esa deuda no es mía", "es"),
    ("Olá, quanto eu devo?", "pt"),
    ("não consigo pagar essa semana", "pt"),
    ("dá para parcelar em quatro vezes?", "pt"),
    ("fiquei desempregado e estou sem dinheiro", "pt"),
    ("JA PAGUEI NA TERCA POR PIX", "pt"),
    ("boa tarde, gostaria de tirar uma dúvida", "pt"),
    ("vc pode me mandar o boleto por favor", "pt"),
    ("quero falar com uma pessoa", "pt"),
    ("essa dívida não é minha", "pt"),
    ("vou pagar na sexta, pode ser?", "pt"),
    ("tô sem grana esse mês", "pt"),
    ("Hi, how much do I owe?", "en"),
    ("I can't pay this week", "en"),
    ("can I split it into four payments?", "en"),
    ("I lost my job in October and have no money", "en"),
    ("I ALREADY PAID ON TUESDAY", "en"),
    ("could you send me the receipt please", "en"),
    ("I want to talk to a person", "en"),
    ("this debt is not mine", "en"),
    ("i'll pay on friday if that's ok", "en"),
    ("what happens if I don't pay?", "en"),
]

UNCLEAR = [
    "ok",
    "no",
    "si",
    "hola",
    "oi",
    "hello",
    "STOP",
    "1500",
    "15/12/2025",
    "Juan Carlos Pérez Rodríguez",
    "Maria Silva Santos",
    "Visa Mastercard Pix",
    "por favor",
    "👍👍👍",
    "jajaja jaja jaja",
    "kkkkk kkk kk",
    "https://example.com/the/way/to/pay you@the.com",
    "факторинг долг оплата завтра",
    "我 明天 付钱",
    "a a a a a a a a a a",
    "",
    "   ",
]


@pytest.mark.parametrize("current", LANGUAGES)
@pytest.mark.parametrize(("text", "expected"), CLEAR)
def test_a_clear_message_decides(text: str, expected: str, current: str) -> None:
    assert detect_language(text, current=current) == expected


@pytest.mark.parametrize("current", LANGUAGES)
@pytest.mark.parametrize("text", UNCLEAR)
def test_an_unclear_message_changes_nothing(text: str, current: str) -> None:
    assert detect_language(text, current=current) == current


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_detection_never_raises_and_always_agrees_with_itself(text: str, current: str) -> None:
    found = detect_language(text, current=current)
    assert found in LANGUAGES
    assert detect_language(text, current=current) == found


def test_a_sure_word_belongs_to_one_language() -> None:
    words = language._knowledge().words
    assert not words["es"] & words["pt"]
    assert not words["es"] & words["en"]
    assert not words["pt"] & words["en"]


def test_only_three_profiles_are_loaded() -> None:
    assert language._knowledge().letters.get_lang_list() == ["es", "pt", "en"]

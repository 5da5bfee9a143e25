"""What one answer offers as proof of who is writing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.identity import IdentityEvidence, read_identity


def day(written: str) -> date:
    return date.fromisoformat(written)


CASES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "Soy Juan Pérez, nací el 3 de mayo de 1985, mi INE termina en 5678",
        "MX",
        {
            "names": ("juan", "perez"),
            "births": ["1985-05-03"],
            "last4s": ("5678",),
            "postcodes": ("5678",),
        },
    ),
    (
        "hola buenas tardes, me llamo Ana García Casado dni 12345678Z 3/5/85 y vivo en el 28001",
        "ES",
        {
            "names": ("ana", "garcia", "casado"),
            "births": ["1985-05-03", "1985-03-05"],
            "last4s": ("5678", "8001"),
            "postcodes": ("12345678", "28001"),
        },
    ),
    (
        "Meu nome é João da Silva, CPF 123.456.789-09, nascido em 05/04/1990, CEP 01310-100",
        "BR",
        {
            "names": ("joao", "silva"),
            "births": ["1990-04-05", "1990-05-04"],
            "last4s": ("8909",),
            "postcodes": ("01310100",),
        },
    ),
    (
        "my name is John O'Brien, born May 3, 1985, last four 1234, zip 94105-1234",
        "US",
        {
            "names": ("john", "obrien"),
            "births": ["1985-05-03"],
            "last4s": ("1234",),
            "postcodes": ("94105", "1234"),
        },
    ),
    (
        "María José Soto, rut 12.345.678-9, 12/03/1985",
        "CL",
        {
            "names": ("maria", "jose", "soto"),
            "births": ["1985-03-12", "1985-12-03"],
            "last4s": ("6789", "5678"),
        },
    ),
    ("12/03/1985", "US", {"births": ["1985-12-03", "1985-03-12"]}),
    ("12/03/1985", "MX", {"births": ["1985-03-12", "1985-12-03"]}),
    ("13/03/1985", "US", {"births": ["1985-03-13"]}),
    ("05/05/1985", "MX", {"births": ["1985-05-05"]}),
    ("3.5.1985", "ES", {"births": ["1985-05-03", "1985-03-05"]}),
    ("03 05 1985", "AR", {"births": ["1985-05-03", "1985-03-05"]}),
    ("1985-05-03", "AR", {"births": ["1985-05-03"]}),
    ("1985/5/3", "BR", {"births": ["1985-05-03"]}),
    ("3 de mayo de 1985", "MX", {"births": ["1985-05-03"]}),
    ("3 de maio de 1985", "BR", {"births": ["1985-05-03"]}),
    ("3 mayo 85", "CO", {"births": ["1985-05-03"]}),
    ("3-may-1985", "PE", {"births": ["1985-05-03"]}),
    ("mayo 3 del 1985", "MX", {"births": ["1985-05-03"]}),
    ("May 3rd, 1985", "US", {"births": ["1985-05-03"]}),
    ("3rd of May, 1985", "US", {"births": ["1985-05-03"]}),
    ("primero de enero de 1990", "MX", {"births": ["1990-01-01"]}),
    (
        "tres de mayo de mil novecientos ochenta y cinco",
        "MX",
        {"births": ["1985-05-03"]},
    ),
    ("3/5/05", "MX", {"births": ["2005-05-03", "2005-03-05"]}),
    (
        "03051985",
        "AR",
        {
            "births": ["1985-05-03", "1985-03-05"],
            "last4s": ("1985",),
            "postcodes": ("03051985",),
        },
    ),
    ("19850503", "AR", {"births": ["1985-05-03"], "last4s": ("0503",), "postcodes": ("19850503",)}),
    ("PEPJ850503HDFRRN09", "MX", {"births": ["1985-05-03"], "last4s": ("RN09",)}),
    ("31/02/1985", "MX", {}),
    ("pago el 15/12/2025", "MX", {"names": ("pago",)}),  # a promise, no birth
    ("5678", "MX", {"last4s": ("5678",), "postcodes": ("5678",)}),
    ("termina em 5678", "BR", {"last4s": ("5678",), "postcodes": ("5678",)}),
    ("X1234567L", "ES", {"last4s": ("4567",), "postcodes": ("1234567",)}),
    ("12.345.678-K", "CL", {"last4s": ("5678",), "postcodes": ("12345678",)}),
    ("V-12345678", "VE", {"last4s": ("5678",), "postcodes": ("12345678",)}),
    ("cc 1.023.456.789", "CO", {"last4s": ("6789",)}),
    ("12 345 678", "AR", {"last4s": ("5678",), "postcodes": ("12345678",)}),
    ("20-12345678-3", "AR", {"last4s": ("6783", "5678"), "postcodes": ("12345678",)}),
    ("123-45-6789", "US", {"last4s": ("6789",), "postcodes": ("6789",)}),
    ("5678 28001", "ES", {"last4s": ("5678", "8001"), "postcodes": ("5678", "28001")}),
    ("C1425ABC", "AR", {"last4s": ("1425",), "postcodes": ("1425",)}),
    ("01310-100", "BR", {"postcodes": ("01310100",)}),
    ("mi tarjeta es 4111 1111 1111 1111", "MX", {}),
    ("mi correo es juan1985@correo.com", "MX", {"names": ("correo",)}),
    ("+52 55 1234 5678", "MX", {}),
    ("12345678901234567890", "MX", {}),
    ("123", "MX", {}),
    ("no quiero decirlo", "MX", {"names": ("decirlo",)}),
    ("", "MX", {}),
]


@pytest.mark.parametrize(("text", "country", "expected"), CASES)
def test_an_answer_offers_its_evidence(text: str, country: str, expected: dict[str, Any]) -> None:
    births = tuple(day(written) for written in expected.get("births", ()))
    found = read_identity(text, country=country)
    assert found == IdentityEvidence(**(expected | {"births": births}))


STORIES = [
    "me quede sin trabajo en marzo, debo 1500 de renta y me cobran 3480 de ustedes, no se que hacer",
    "hola buenas, yo pague 2500 el mes pasado y me siguen llamando, en 2022 firme por 9000 pesos",
    "perdi meu emprego em 2023 e devo 4500 no banco, consigo pagar 1200 por mes se voces aceitarem",
    "i lost my job in 2024 and my rent is 1650, i already sent you 2300 in may so what is this",
]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_proves_nothing_and_fails_nothing(story: str) -> None:
    assert read_identity(story, country="MX") == IdentityEvidence()


def test_a_story_that_answers_is_heard() -> None:
    told = "perdí mi trabajo y debo 1500 de renta, por eso me atrasé. Me llamo Guadalupe Sánchez,"
    found = read_identity(f"{told} documento terminado en 4948, 23/06/1994", country="MX")
    assert found.last4s == ("4948",)
    assert found.births == (date(1994, 6, 23),)
    assert found.names[:2] == ("guadalupe", "sanchez")


def test_a_long_answer_in_any_order_is_heard_whole() -> None:
    text = "claro que si con mucho gusto le digo, Guadalupe Sánchez Núñez y el 4948 y 23 de junio de 1994"
    found = read_identity(text, country="MX")
    assert {"guadalupe", "sanchez"} <= set(found.names)
    assert "4948" in found.last4s
    assert found.births == (date(1994, 6, 23),)


def test_the_same_name_is_the_same_however_it_is_typed() -> None:
    record = read_identity("José Ángel Núñez de la Cruz", country="MX").names
    typed = read_identity("hola, soy JOSE  angel nuñez cruz!!", country="MX").names
    assert record == typed == ("jose", "angel", "nunez", "cruz")


def test_evidence_is_bounded() -> None:
    text = " ".join(f"{n}/{n}/19{60 + n} nombreuno{chr(97 + n)} {4000 + n}" for n in range(1, 13))
    found = read_identity(text, country="MX")
    assert len(found.births) == 4
    assert len(found.last4s) == 6
    assert len(found.postcodes) == 6
    assert len(found.names) == 8


_TEXT = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="0123456789./- xXzmayo,", max_size=80),
)


@given(_TEXT, st.sampled_from(["MX", "US", "BR", "CL", "XX", ""]))
def test_evidence_is_read_from_anything_and_never_grows(text: str, country: str) -> None:
    found = read_identity(text, country=country)
    assert len(found.names) <= 8
    assert len(found.births) <= 4
    assert len(found.last4s) <= 6
    assert len(found.postcodes) <= 6
    assert all(len(last4) == 4 and last4.isalnum() for last4 in found.last4s)
    assert all(4 <= len(code) <= 8 and code.isdigit() for code in found.postcodes)


@given(st.dates(date(1930, 1, 1), date(2007, 12, 31)), st.sampled_from(["MX", "US", "BR"]))
def test_a_birth_date_is_among_the_readings(birth: date, country: str) -> None:
    written = birth.strftime("%m/%d/%Y" if country == "US" else "%d/%m/%Y")
    assert read_identity(f"soy Ana, {written}, 4821", country=country).births[0] == birth
    assert read_identity(birth.strftime("%d%m%Y"), country=country).births.count(birth) == 1

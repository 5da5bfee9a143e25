"""Reading the addresses at which somebody can be reached, and where they live."""

from __future__ import annotations

import re

from bot.portfolio.countries import WRITING
from bot.portfolio.errors import CellRefused

_PHONE = re.compile(r"\+?[0-9\s().\-/]{5,30}")
_EMAIL = re.compile(r"[^@\s,;<>\"()]+@(?:[^@\s,;<>\"().]+\.)+[^@\s,;<>\"().]{2,}")
_MOST_EMAIL = 254


def read_phone(text: str, country: str) -> str:
    """The number with its country code and nothing else: `525500001234`, as WhatsApp names it."""
    if not _PHONE.fullmatch(text):
        raise CellRefused("phone.unreadable")
    digits = re.sub(r"[^0-9]", "", text)
    writing = WRITING[country]
    if not text.startswith("+") and not digits.startswith("00"):
        digits = _international(digits, country)
    digits = digits.removeprefix("00")
    if country == "MX" and re.fullmatch(r"521[0-9]{10}", digits):
        digits = "52" + digits[3:]  # the mobile prefix that Mexico gave up in 2019
    rest = digits.removeprefix(writing.dial)
    abroad = not digits.startswith(writing.dial)
    if not 8 <= len(digits) <= 15 or digits[0] == "0":
        raise CellRefused("phone.length", country=country)
    if not abroad and writing.dial != "1" and len(rest) not in writing.national:
        raise CellRefused("phone.length", country=country)
    return digits


def _international(digits: str, country: str) -> str:
    writing = WRITING[country]
    home = digits.removeprefix(writing.trunk) if writing.trunk else digits
    if len(home) in writing.national:
        return writing.dial + home
    rest = digits.removeprefix(writing.dial)
    mobile = country == "MX" and len(rest) == 11 and rest[0] == "1"
    if digits != rest and (len(rest) in writing.national or mobile):
        return digits
    raise CellRefused("phone.length", country=country)


def read_email(text: str) -> str:
    """An e-mail address in small letters."""
    if len(text) > _MOST_EMAIL or not _EMAIL.fullmatch(text):
        raise CellRefused("email.unreadable")
    return text.lower()


def read_postcode(text: str, country: str) -> str:
    """A postal code in capitals without spaces or hyphens.

    The zeros in front that a spreadsheet dropped are put back; a ZIP+4 keeps its first five.
    """
    code = re.sub(r"[\s\-.]", "", text).upper()
    length = WRITING[country].postcode
    if country == "US" and re.fullmatch(r"[0-9]{9}", code):
        code = code[:5]
    if length and code.isascii() and code.isdigit() and length - 2 <= len(code) < length:
        code = code.zfill(length)
    fits = re.fullmatch(rf"[0-9]{{{length}}}" if length else r"[0-9A-Z]{3,10}", code)
    if fits is None:
        raise CellRefused("postcode.unreadable", country=country)
    return code

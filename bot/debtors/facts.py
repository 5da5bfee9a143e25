"""Where a country's people are: time zone, language, locale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """What is assumed of somebody until they say otherwise."""

    code: str
    currency: str
    language: str
    timezone: str


# Time zones: IANA, the capital's. Currencies: ISO 4217.
COUNTRIES = {
    c.code: c
    for c in (
        Country("AR", "ARS", "es", "America/Argentina/Buenos_Aires"),
        Country("BO", "BOB", "es", "America/La_Paz"),
        Country("BR", "BRL", "pt", "America/Sao_Paulo"),
        Country("CL", "CLP", "es", "America/Santiago"),
        Country("CO", "COP", "es", "America/Bogota"),
        Country("CR", "CRC", "es", "America/Costa_Rica"),
        Country("DO", "DOP", "es", "America/Santo_Domingo"),
        Country("EC", "USD", "es", "America/Guayaquil"),
        Country("ES", "EUR", "es", "Europe/Madrid"),
        Country("GT", "GTQ", "es", "America/Guatemala"),
        Country("MX", "MXN", "es", "America/Mexico_City"),
        Country("PA", "PAB", "es", "America/Panama"),
        Country("PE", "PEN", "es", "America/Lima"),
        Country("PY", "PYG", "es", "America/Asuncion"),
        Country("GB", "GBP", "en", "Europe/London"),
        Country("US", "USD", "en", "America/New_York"),
        Country("UY", "UYU", "es", "America/Montevideo"),
        Country("VE", "VES", "es", "America/Caracas"),
    )
}


def locale_of(language: str, country: str) -> str:
    """The locale in which amounts and dates are written for somebody: `es_MX`, `pt_BR`, `en_US`."""
    home = COUNTRIES.get(country)
    if language == "pt":
        return "pt_BR"
    if language == "es":
        return f"es_{country}" if home and home.language == "es" else "es_US"
    return "en_GB" if country == "GB" else "en_US"

"""The sixty people of the sample. None of them exists; everything follows from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

from bot.debtors.facts import COUNTRIES
from bot.policies.regions import clocks_of

SEED = "acuerdo-sample-1"

GIRASOL, CLARO, PUENTE = "girasol", "prestamo-claro", "puente"
_PREFIX = {GIRASOL: "TG", CLARO: "PC", PUENTE: "PU"}
_TURNS = (GIRASOL, CLARO, GIRASOL, PUENTE, CLARO, GIRASOL, PUENTE)

_NAMES = {
    "MX": """
        María Fernanda López Hernández|José Ángel Ramírez Ortiz|Guadalupe Sánchez Núñez
        Luis Alberto Peña Cárdenas|Ximena Treviño Garza|Juan de Dios Muñoz Rangel
        Verónica Ibáñez de la Torre|Raúl Zepeda Montes de Oca|Itzel Martínez Xool
        Óscar Iván Güemes Pacheco|Ana Sofía Villaseñor Duarte|Héctor Quiñones Lara
        Concepción Ávila Ponce de León|Jesús Emiliano Ríos Bañuelos""",
    "CO": """
        Juan Sebastián Rodríguez Ospina|Luz Marina Gutiérrez Londoño|Andrés Felipe Castaño Vélez
        Yuliana Andrea Córdoba Mosquera|María del Pilar Rincón Peña|Jhon Jairo Arboleda Cuesta
        Catalina Echeverri Jaramillo|Wílmer Acuña Barrios|Nubia Esperanza Piñeros Cely""",
    "CL": """
        Constanza Belén Muñoz Sepúlveda|Matías Ignacio Soto Catalán|Rodrigo Huenchumán Painemal
        Francisca Javiera Núñez Olivares|Patricio Ñancupil Vera|Camila Antonia Zúñiga Bórquez
        Sergio Andrés Yáñez Pizarro""",
    "PE": """
        Rosa Elvira Quispe Mamani|Carlos Enrique Huamán Salazar|Milagros del Carmen Chávez Ñahui
        Jorge Luis Condori Apaza|Flor de María Cárdenas Paredes|Édgar Villanueva Tello
        Katherine Rojas Ccahuana""",
    "AR": """
        Florencia Agustina Benítez|Martín Ezequiel Giménez|Lucía Belén Fernández Acosta
        Nahuel Ibarra Güiraldes|María Eugenia Di Pietro|Diego Hernán Peralta Núñez
        Soledad Yamila Ledesma""",
    "ES": """
        Iñaki Etxeberria Zubizarreta|Begoña Ruiz de Gauna|Mercè Puig Ferrer
        Álvaro Núñez Cañizares|Rocío Jiménez Bermúdez|Xoán Manuel Piñeiro Castro""",
    "BR": """
        João Victor da Conceição Araújo|Maria Aparecida dos Santos Simões
        Thaís Gonçalves de Assunção|Antônio Carlos Brandão Filho|Letícia Guimarães Falcão""",
    "US": """
        Ashley Nicole Thompson|Marcus O'Neal Jefferson|Yesenia Rivera-Castillo
        Priya Raghunathan|Miguel Ángel Cordero Nieves""",
}
_SPANISH_IN_US = frozenset(("Yesenia Rivera-Castillo", "Miguel Ángel Cordero Nieves"))

_ZONES = {
    "MX": ("America/Mexico_City", "America/Mexico_City", "America/Tijuana", "America/Cancun"),
    "BR": ("America/Sao_Paulo", "America/Sao_Paulo", "America/Manaus"),
    "CL": ("America/Santiago", "America/Santiago", "America/Punta_Arenas"),
    "ES": ("Europe/Madrid", "Europe/Madrid", "Atlantic/Canary"),
    "US": ("America/New_York", "America/Chicago", "America/Los_Angeles"),
}
_POSTCODES = {
    "MX": ("03100", "44160", "64000", "72000"),
    "CO": ("110111", "050021", "760001"),
    "CL": ("8320000", "2340000", "4030000"),
    "PE": ("15001", "04001", "08000"),
    "AR": ("1425", "5000", "2000"),
    "ES": ("28013", "48001", "41004"),
    "BR": ("01310100", "20040002", "69005000"),
    "US": ("10025", "60614", "90011"),
}
_REGIONS = {
    "03100": "MX-CMX",
    "44160": "MX-JAL",
    "64000": "MX-NLE",
    "72000": "MX-PUE",
    "110111": "CO-DC",
    "050021": "CO-ANT",
    "760001": "CO-VAC",
    "8320000": "CL-RM",
    "2340000": "CL-VS",
    "4030000": "CL-BI",
    "15001": "PE-LMA",
    "04001": "PE-ARE",
    "08000": "PE-CUS",
    "1425": "AR-C",
    "5000": "AR-X",
    "2000": "AR-S",
    "28013": "ES-MD",
    "48001": "ES-PV",
    "41004": "ES-AN",
    "01310100": "BR-SP",
    "20040002": "BR-RJ",
    "69005000": "BR-AM",
    "10025": "US-NY",
    "60614": "US-IL",
    "90011": "US-CA",
}
_REGIONS_OF_ZONES = {
    "America/Tijuana": "MX-BCN",
    "America/Cancun": "MX-ROO",
    "America/Manaus": "BR-AM",
    "America/Sao_Paulo": "BR-SP",
    "America/Punta_Arenas": "CL-MA",
    "Atlantic/Canary": "ES-CN",
    "America/New_York": "US-NY",
    "America/Chicago": "US-IL",
    "America/Los_Angeles": "US-CA",
}
"""Where the postal code is not where the clock is: both were drawn by lot."""
_UNKNOWN = 9
"""Of ten people one is in the books without a region, as in any portfolio."""
# Blocks that are not given out: zeros after the area, and 555-01xx in the United States.
_PHONES = {
    "MX": "5255000{:05d}",
    "CO": "57300000{:04d}",
    "CL": "5690000{:04d}",
    "PE": "5190000{:04d}",
    "AR": "5491100{:06d}",
    "ES": "3460000{:04d}",
    "BR": "551190000{:04d}",
    "US": "120255501{:02d}",
}
_ANSWERS = {
    "es": (
        "Soy {name}, los últimos 4 de mi documento son {last4} y nací el {birth}",
        "Hola, me llamo {name}. Mi documento termina en {last4} y mi fecha de nacimiento es "
        "{birth}",
        "{name}, documento terminado en {last4}, nacimiento {birth}",
    ),
    "pt": (
        "Sou {name}, os últimos 4 do meu documento são {last4} e nasci em {birth}",
        "Oi, meu nome é {name}. Meu documento termina em {last4} e minha data de nascimento é "
        "{birth}",
    ),
    "en": (
        "I'm {name}, the last 4 of my ID are {last4} and I was born on {birth}",
        "Hi, my name is {name}. My ID ends in {last4} and my date of birth is {birth}",
    ),
}


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """One of the sixty, with the facts that only they would know."""

    index: int
    creditor: str
    ref: str
    name: str
    country: str
    language: str
    timezone: str
    region: str
    birth: date
    last4: str
    postcode: str
    phone: str
    email: str

    @property
    def answer(self) -> str:
        """What they write when asked to prove who they are, in their own language."""
        written = self.birth.strftime("%m/%d/%Y" if self.country == "US" else "%d/%m/%Y")
        variants = _ANSWERS[self.language]
        return variants[self.index % len(variants)].format(
            name=self.name, last4=self.last4, birth=written
        )


def sample_people() -> list[SamplePerson]:
    """The sixty, the same ones every time."""
    names = [
        (country, name.strip())
        for country, lines in _NAMES.items()
        for name in lines.replace("\n", "|").split("|")
        if name.strip()
    ]
    return [_person(index, country, name) for index, (country, name) in enumerate(names)]


def _person(index: int, country: str, name: str) -> SamplePerson:
    # Each has a generator of their own: adding one to the list leaves the others as they were.
    chance = random.Random(f"{SEED}:{name}")  # noqa: S311
    creditor = _TURNS[index % len(_TURNS)]
    first_day = 13 if country == "US" else 1  # read the same whichever order somebody assumes
    birth = date(chance.randint(1951, 2003), chance.randint(1, 12), chance.randint(first_day, 28))
    spanish = name in _SPANISH_IN_US
    timezone = chance.choice(_ZONES.get(country, (COUNTRIES[country].timezone,)))
    last4 = str(chance.randint(1000, 9999))
    postcode = chance.choice(_POSTCODES[country])
    return SamplePerson(
        index=index,
        creditor=creditor,
        ref=f"{_PREFIX[creditor]}-{1001 + index}",
        name=name,
        country=country,
        language="es" if spanish else COUNTRIES[country].language,
        timezone=timezone,
        region="" if index % 10 == _UNKNOWN else _region(postcode, timezone),
        birth=birth,
        last4=last4,
        postcode=postcode,
        phone=_PHONES[country].format(index),
        email=f"persona{index:02d}@example.com",
    )


def _region(postcode: str, timezone: str) -> str:
    found = _REGIONS[postcode]
    return found if clocks_of(found, timezone, 2026) == (timezone,) else _REGIONS_OF_ZONES[timezone]

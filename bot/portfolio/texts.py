"""What the operator reads about a file: for each code what is wrong and how to mend it."""

from __future__ import annotations

from enum import StrEnum

from bot.portfolio.texts_en import ENGLISH, Said


class Lang(StrEnum):
    """Languages in which an import is reported."""

    ES = "es"
    EN = "en"


_ES: dict[str, Said] = {
    # The file as a whole.
    "file.missing": ("no existe el archivo {path}", "revisa la ruta"),
    "file.unreadable": ("no se puede leer {path}", "revisa los permisos del archivo"),
    "file.too_big": (
        "el archivo pesa {size} MB y el máximo es {most} MB",
        "divídelo repitiendo el encabezado, por ejemplo: "
        "tail -n +2 {name} | split -l 200000 - parte_ && "
        'for p in parte_*; do (head -n 1 {name}; cat "$p") > "$p.csv"; done; '
        "un .xlsx guárdalo antes como CSV",
    ),
    "file.unpacks_too_big": (
        "el .xlsx se descomprime en {size} MB y el máximo es {most} MB",
        "guárdalo como CSV o divídelo en varios",
    ),
    "file.empty": ("el archivo está vacío", "expórtalo de nuevo: faltan encabezado y filas"),
    "file.header_only": ("el archivo solo tiene encabezado", "expórtalo de nuevo con sus filas"),
    "file.not_table": (
        "el archivo no es CSV ni XLSX, es {kind}, aunque se llame {name}",
        "expórtalo como CSV o XLSX; cambiarle el nombre no basta",
    ),
    "file.broken_xlsx": (
        "el .xlsx está dañado o incompleto",
        "ábrelo, guárdalo de nuevo y vuelve a intentarlo",
    ),
    "file.long_line": (
        "la línea {line} tiene más de {most} caracteres: no parece una tabla",
        "revisa los saltos de línea y las comillas",
    ),
    "columns.header": (
        "la primera fila no es un encabezado conocido",
        "pon los títulos de las columnas en la primera fila; la lista está en docs/import.md",
    ),
    "columns.unnamed": ("hay columnas sin título: {numbers}", "ponles título o bórralas"),
    "columns.unknown": (
        "columnas que no se conocen: {names}",
        "corrige el título o borra la columna; la lista está en docs/import.md",
    ),
    "columns.repeated": ("dos columnas dicen lo mismo: {names}", "deja una sola de cada una"),
    "columns.missing": ("faltan columnas obligatorias: {names}", "agrégalas al archivo"),
    "columns.identity": (
        "nadie podría demostrar quién es",
        "agrega al menos dos de estas columnas: document, birth_date, postcode",
    ),
    "creditor.none": (
        "no existe el acreedor {slug}",
        "usa uno de estos: {known}; o créalo antes de importar",
    ),
    "database.unready": (
        "la base de datos no está disponible o no tiene tablas",
        "revisa DATABASE_URL y prepara la base antes de importar",
    ),
    # A row as a whole.
    "row.too_many": (
        "la fila tiene {found} celdas y el encabezado {expected}",
        "suele ser un separador sin comillas dentro de un texto o de un importe",
    ),
    "row.quote": (
        "unas comillas que se abren y no se cierran se tragaron varias líneas",
        "cierra o borra las comillas",
    ),
    "row.debtor_differs": (
        "dice algo distinto que la línea {other} sobre el mismo deudor",
        "deja el mismo dato en todas sus filas",
    ),
    "row.account_twice": (
        "la cuenta ya está en la línea {other} con otros datos",
        "deja una sola fila por cuenta",
    ),
    "row.account_currency": (
        "la cuenta ya existe en {currency}",
        "una cuenta no cambia de moneda: usa otro account_ref",
    ),
    "row.account_debtor": (
        "la cuenta ya existe y es de otro deudor",
        "revisa debtor_ref, o usa otro account_ref si la deuda cambió de persona",
    ),
    # Any cell.
    "cell.missing": ("falta", "llena la celda"),
    "cell.formula": (
        "es una fórmula sin valor, o un texto que se ejecutaría como fórmula",
        "pega el valor en lugar de la fórmula, sin =, +, - o @ al principio",
    ),
    "cell.excel_error": ("es un error de la hoja de cálculo", "corrige la fórmula que lo produce"),
    "cell.garbled": (
        "tiene caracteres mal convertidos",
        "guarda el archivo de nuevo como CSV UTF-8 desde el original",
    ),
    "cell.control": ("tiene caracteres invisibles no permitidos", "escríbelo de nuevo a mano"),
    "cell.long": ("tiene {length} caracteres y el máximo es {most}", "acórtalo"),
    "cell.scientific": (
        "la hoja de cálculo redondeó el número y perdió cifras",
        "da formato de texto a la columna antes de pegar los datos",
    ),
    # Cells of one kind.
    "creditor.unknown": ("no existe el acreedor {slug}", "usa uno de estos: {known}"),
    "creditor.other": (
        "el archivo se importa para {slug}",
        "corrige la celda o importa sin --creditor",
    ),
    "name.letters": ("no parece un nombre", "escribe nombre y apellidos"),
    "country.unknown": (
        "no es un país con reglas cargadas",
        "usa el código de dos letras: {known}",
    ),
    "language.unknown": ("no es un idioma disponible", "usa es, pt o en"),
    "timezone.unknown": (
        "no es una zona horaria",
        "usa un nombre IANA como America/Mexico_City, o déjala vacía",
    ),
    "timezone.not_in_region": (
        "no es la hora de {region}",
        "corrige una de las dos; mientras tanto se respeta el horario de ambas",
    ),
    "timezone.none": (
        "en {country} no se puede suponer ninguna zona horaria",
        "pon timezone o region: mientras tanto solo valen las horas comunes a todas sus zonas",
    ),
    "region.unknown": (
        "no es una región de {country} que se conozca",
        "usa su código ISO 3166-2 ({some}) o su nombre, o déjala vacía",
    ),
    "document.short": (
        "tiene menos de cuatro caracteres útiles",
        "pon el documento entero o sus últimos cuatro",
    ),
    "identity.too_few": (
        "esta persona no podría demostrar quién es",
        "llena al menos dos de: document, birth_date, postcode",
    ),
    "postcode.unreadable": ("no es un código postal de {country}", "revísalo o déjalo vacío"),
    "phone.unreadable": ("no es un teléfono", "escribe un solo número, con código de país"),
    "phone.length": (
        "no tiene las cifras de un teléfono de {country}",
        "escríbelo con + y código de país",
    ),
    "email.unreadable": ("no es un correo", "escribe una sola dirección, o déjala vacía"),
    "consent.unknown": ("no se entiende", "escribe sí o no, o déjalo vacío"),
    "consent.no_date": ("falta: sin fecha no prueba nada", "pon cuándo consintió"),
    "consent.no_source": ("falta: sin origen no prueba nada", "pon dónde consintió"),
    "consent.orphan": ("hay fecha u origen, pero consent está vacío", "escribe sí o no"),
    "currency.unknown": ("no es una moneda admitida", "usa una de: {known}"),
    "amount.unreadable": ("no es un importe", "escribe solo cifras, como 4520.50"),
    "amount.negative": (
        "es negativo",
        "escríbelo en positivo: lo pagado va en paid y lo que está a favor en credit",
    ),
    "amount.ambiguous": (
        "no se sabe si el separador es de miles o de decimales",
        "escribe dos decimales, como 1234.00",
    ),
    "amount.decimals": ("tiene más decimales que {currency} ({count})", "redondéalo"),
    "amount.huge": ("es demasiado grande", "revisa si se juntaron dos celdas"),
    "amount.currency": ("está en {found} y la fila en {currency}", "corrige una de las dos"),
    "date.unreadable": ("no es una fecha", "escríbela como 2025-03-31"),
    "date.impossible": ("ese día no existe", "escríbela como 2025-03-31"),
    "date.short_year": ("el año tiene dos cifras", "escribe las cuatro"),
    "date.serial": (
        "es el número interno de una fecha de hoja de cálculo",
        "da formato de fecha a la columna",
    ),
    "date.month_first": (
        "el mes va primero, y solo se admite en Estados Unidos",
        "escríbela como 2025-03-31",
    ),
    "date.day_first": (
        "el día va primero, y en Estados Unidos se escribe primero el mes",
        "escríbela como 2025-03-31",
    ),
    "date.ambiguous": (
        "puede ser día/mes o mes/día: la columna mezcla ambos",
        "escríbela como 2025-03-31",
    ),
    "date.future": ("está en el futuro", "revisa el año"),
    "date.too_far": ("queda a más de 50 años", "revisa el año"),
    "date.before_opened": ("es anterior a opened_on", "revisa cuál de las dos está mal"),
    "birth.minor": ("sería menor de edad", "revisa el año; a un menor no se le cobra"),
    "birth.ancient": ("tendría más de 120 años", "revisa el año"),
}

CATALOGUE: dict[Lang, dict[str, Said]] = {Lang.ES: _ES, Lang.EN: ENGLISH}

LABELS: dict[Lang, dict[str, str]] = {
    Lang.ES: {
        "rows": "Filas",
        "created": "Nuevas",
        "updated": "Cambiadas",
        "unchanged": "Sin cambios",
        "rejected": "Rechazadas",
        "line": "Línea",
        "column": "Columna",
        "value": "Valor",
        "message": "Qué pasa",
        "mend": "Cómo se arregla",
        "problems": "Problemas",
        "warnings": "Avisos (las filas se cargan)",
        "more": "… y {count} más.",
        "read_as": "Leído como {how}.",
        "rejects": "Las filas rechazadas están en {path}: corrígelas ahí e impórtalas.",
        "dry_run": "Ensayo: no se guardó nada.",
        "reading": "Leyendo",
        "loading": "Cargando",
        "refused": "No se importó nada",
    },
    Lang.EN: {
        "rows": "Rows",
        "created": "New",
        "updated": "Changed",
        "unchanged": "Unchanged",
        "rejected": "Rejected",
        "line": "Line",
        "column": "Column",
        "value": "Value",
        "message": "What is wrong",
        "mend": "How to mend it",
        "problems": "Problems",
        "warnings": "Warnings (the rows load)",
        "more": "… and {count} more.",
        "read_as": "Read as {how}.",
        "rejects": "The rejected rows are in {path}: mend them there and import them.",
        "dry_run": "Rehearsal: nothing was saved.",
        "reading": "Reading",
        "loading": "Loading",
        "refused": "Nothing was imported",
    },
}


def say(lang: Lang, code: str, **details: object) -> Said:
    """What is wrong and how to mend it, in `lang`."""
    message, mend = CATALOGUE[lang][code]
    return message.format(**details), mend.format(**details)


def label(lang: Lang, name: str, **details: object) -> str:
    """A heading or a line of the report, in `lang`."""
    return LABELS[lang][name].format(**details)

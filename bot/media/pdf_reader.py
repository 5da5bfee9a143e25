"""Looks into one PDF, in a process of its own: `python -m bot.media.pdf_reader < file`.

A PDF can be made to keep a reader busy for hours or to fill the memory. The process that opens it
has limits which the system enforces; when it dies, the file is refused and nothing else happens.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

CPU_SECONDS = 8
MEMORY = 768 * 1024 * 1024
MOST_OBJECTS = 20_000
MOST_PAGES = 30
PAGES_READ = 2
LONGEST_TEXT = 4_000

_ACTIVE = frozenset(
    {
        *("/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia"),
        *("/XFA", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie"),
    }
)
"""Names of what makes a PDF do something, or carry another file. A receipt has none of it."""

_SPELT_OUT = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)(?![A-Za-z0-9])"
)
"""Looked for in the raw bytes as well, where the file's own table of contents leaves them out.

The short names are not: three letters turn up by chance in any large picture.
"""

_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")


def look(data: bytes) -> dict[str, Any]:
    """`{"pages", "text"}`, or `{"refused": code}`: `locked`, `unsafe`, `unreadable`, `too_long`."""
    from pypdf import PdfReader

    if _SPELT_OUT.search(_ESCAPED.sub(lambda m: bytes([int(m[1], 16)]), data)):
        return {"refused": "unsafe"}
    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted:
        return {"refused": "locked"}
    pages = len(reader.pages)
    if not pages:
        return {"refused": "unreadable"}
    if pages > MOST_PAGES:
        return {"refused": "too_long"}
    # Objects may be hidden in compressed streams, which the look at the raw bytes does not see.
    for item in _objects(reader):
        if _is_active(item):
            return {"refused": "unsafe"}
    text = "\n".join(page.extract_text() for page in reader.pages[:PAGES_READ])
    return {"pages": pages, "text": text[:LONGEST_TEXT]}


def _objects(reader: Any) -> Iterator[Any]:
    from pypdf.generic import IndirectObject

    numbers = {n for table in reader.xref.values() for n in table} | set(reader.xref_objStm)
    if len(numbers) > MOST_OBJECTS:
        raise ValueError("too many objects")
    yield reader.trailer
    for number in sorted(numbers):
        generation = next((g for g, table in reader.xref.items() if number in table), 0)
        yield IndirectObject(number, generation, reader).get_object()


def _is_active(item: Any) -> bool:
    """Whether an object, or one written inside it, names something active."""
    from pypdf.generic import ArrayObject, DictionaryObject

    waiting, seen = [item], 0
    while waiting and seen < MOST_OBJECTS:
        here, seen = waiting.pop(), seen + 1
        if isinstance(here, DictionaryObject):
            action = here.raw_get("/S") if "/S" in here else ""
            if _ACTIVE & set(here) or str(action) in _ACTIVE:
                return True
            waiting += [here.raw_get(key) for key in here]
        elif isinstance(here, ArrayObject):
            waiting += list(here)
    return False


def main() -> None:
    """Read a PDF from the standard input, write what was found as JSON."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    data = sys.stdin.buffer.read()
    try:
        found = look(data)
    except Exception:
        # Damaged files make the parser raise all sorts of errors; all mean the same here.
        found = {"refused": "unreadable"}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

"""Unpack the Stripe world's wheels into the environment this runs in, readable by Python 3.13.

Run by scripts/test-tools.sh with that environment's own Python. Two things of 3.14 are rewritten:
`except A, B:` without brackets (PEP 758), and annotations that are not evaluated (PEP 649).
"""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
import zipfile
from pathlib import Path

BARE = re.compile(
    r"^(\s*except\*?\s+)([A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_][\w.]*)+)\s*:", re.MULTILINE
)
FUTURE = "from __future__ import annotations"


def readable(source: str) -> str:
    """The same program for Python 3.13."""
    source = BARE.sub(r"\1(\2):", source)
    if FUTURE in source:
        return source
    lines = source.split("\n")
    lines.insert(_after_docstring(source), FUTURE)
    return "\n".join(lines)


def _after_docstring(source: str) -> int:
    body = ast.parse(source).body
    if not body or not isinstance(body[0], ast.Expr):
        return 0
    first = body[0].value
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return (body[0].end_lineno or 0) if is_text else 0


def main(wheels: Path) -> None:
    """Unpack every wheel and rewrite what has to be."""
    site = Path(sysconfig.get_paths()["purelib"])
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    if sys.version_info >= (3, 14):
        return
    for package in ("seahaven", "seahaven_stripe_world"):
        for path in (site / package).rglob("*.py"):
            path.write_text(readable(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

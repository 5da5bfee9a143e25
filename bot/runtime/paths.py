"""Where the project's files are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder with config.yml, domain.yml, nlu/ and flows/."""

MODELS = ROOT / "models"


class RasaMissing(RuntimeError):
    """Rasa's environment is not there."""

    def __init__(self, looked_for: Path) -> None:
        super().__init__(
            f"Rasa's environment was not found ({looked_for}). Run `make setup`. Rasa 3.6 needs "
            "Python 3.10: where your system has none, `uv python install 3.10` brings one, or name "
            "it with ACUERDO_PYTHON310=/path/to/python3.10 and run `make setup` again."
        )


def rasa_python() -> Path:
    """The Python of Rasa's environment.

    Raises:
        RasaMissing: it was not set up.
    """
    default = ROOT / ".venv-rasa" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    python = Path(os.environ.get("ACUERDO_RASA_PYTHON", default))
    if not python.exists():
        raise RasaMissing(python)
    return python

"""Training Rasa's model, only when something it is made from has changed."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.paths import MODELS, ROOT, rasa_python
from bot.runtime.rasa import environment

_INPUTS = ("config.yml", "domain.yml", "nlu", "flows")
_ONLY_MEASURES = ROOT / "nlu/evaluation"
"""Reads models and makes none."""
_KINDS = frozenset({".yml", ".json", ".py", ".lock"})


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model."""

    path: Path
    seconds: float
    """How long training took; 0 where the model was there already."""

    @property
    def megabytes(self) -> float:
        """Its size on disk."""
        return self.path.stat().st_size / 1e6


class TrainingFailed(RuntimeError):
    """Rasa could not train; the message is the end of what it said."""


def fingerprint() -> str:
    """A name for everything that the model is made from."""
    digest = hashlib.sha256()
    for name in _INPUTS:
        place = ROOT / name
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        for file in files:
            measures = file.is_relative_to(_ONLY_MEASURES)
            if file.is_file() and file.suffix in _KINDS and not measures:
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def model_path() -> Path:
    """Where the model for the present inputs is, or would be."""
    return MODELS / f"acuerdo-{fingerprint()}.tar.gz"


def train(*, force: bool = False, on_step: Callable[[str], None] = lambda step: None) -> Model:
    """Train, unless the model for these inputs is there. `on_step` hears what goes on.

    Raises:
        TrainingFailed: Rasa refused the inputs.
        RasaMissing: Rasa's environment is not set up.
    """
    path = model_path()
    if path.exists() and not force:
        return Model(path, 0.0)
    MODELS.mkdir(exist_ok=True)
    begun = time.monotonic()
    command = [
        str(rasa_python()), "-m", "rasa", "train",
        "--config", "config.yml", "--domain", "domain.yml", "--data", "nlu", "flows",
        "--out", str(MODELS), "--fixed-model-name", path.name.removesuffix(".tar.gz"),
        # What has changed is told by `fingerprint`. Rasa's own cache knows nothing of our components'
        # code: it would pass off an old model as new, and as trained in no time.
        "--force",
    ]  # fmt: skip
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if "training component" in line or "Finished training" in line:
                on_step(line.split("-", 2)[-1].strip()[:80])
    if process.returncode or not path.exists():
        raise TrainingFailed("\n".join(lines[-30:]))
    for old in MODELS.glob("acuerdo-*.tar.gz"):
        if old != path:
            old.unlink()
    return Model(path, time.monotonic() - begun)

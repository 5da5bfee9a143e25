"""Running `nlu.evaluation` in Rasa's environment: it says where it stands, then what came out."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from bot.runtime.paths import ROOT, rasa_python
from bot.runtime.rasa import environment, stop

OnStep = Callable[[str, int, int], None]


class NotMeasured(RuntimeError):
    """Nothing came out; the message says why."""


def _nothing(words: str, done: int, of: int) -> None:
    """Nobody watches."""


def in_rasas_environment(*arguments: str, on_step: OnStep = _nothing) -> Any:
    """What `python -m nlu.evaluation …` finds. `on_step` hears what it does, and how far it is.

    Raises:
        NotMeasured: it refused what it was given, or broke off.
        RasaMissing: Rasa's environment is not set up.
    """
    command = [str(rasa_python()), "-m", "nlu.evaluation", *arguments]
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=complaints
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if "step" in said:
                    on_step(said["step"], said["done"], said["of"])
                elif "refused" in said:
                    raise NotMeasured(said["refused"])
                else:
                    return said["result"]
            process.wait()
            complaints.seek(0)
            why = complaints.read().decode(errors="replace")[-2000:]
            raise NotMeasured(why or "the measurement was broken off")
        finally:
            # Also after Ctrl-C: nothing of ours goes on measuring.
            stop(process)

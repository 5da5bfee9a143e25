"""What we do in Rasa's place answers what Rasa and scikit-learn would."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.runtime.paths import ROOT, rasa_python
from bot.runtime.rasa import environment

pytestmark = pytest.mark.rasa


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    script = Path(__file__).with_name("in_rasas_environment.py")
    done = subprocess.run(
        [str(rasa_python()), str(script)],
        cwd=ROOT,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_words_are_read_as_scikit_learn_reads_them(found):
    words = found["words"]
    assert words["texts"] > 1000
    assert words["spread"] > 0.05, "margins that are all alike would prove nothing"
    assert words["apart"] < 1e-6
    assert words["alone"] < 1e-6
    assert words["same_best"]


def test_the_graph_gives_what_dask_gives_and_runs_each_node_once(found):
    with_dask, first, again = found["graph"]["answers"]
    assert with_dask[0] == {"right": "((m+t)+m)", "last": "((m+t)+((m+t)+m))"}
    assert len(with_dask[1]) == 3
    assert first == again == with_dask


def test_every_event_is_found_by_its_name(found):
    assert found["graph"]["event_kinds"] > 20
    assert found["graph"]["events"] == []
    assert found["graph"]["default_kept"]


def test_only_an_empty_domain_is_empty(found):
    assert found["graph"]["empty"] == [True, False]


def test_an_action_is_told_all_but_the_domain(found):
    assert sorted(found["graph"]["call"]) == ["domain", "version"]


def test_what_is_said_outright_is_not_read_for_its_words(found):
    texts, has_acts = found["read"]
    assert texts == ["hola"]
    assert has_acts == [False, False, True, False]

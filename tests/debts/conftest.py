"""Policies that charge, for tests: the real law, terms of the test's own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.policies import charges
from bot.runtime.paths import ROOT

ORDER = {"reference": "test", "order": ["fees", "interest", "capital"]}
FEED = {"reference": "test", "fresh_hours": 4}


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`policy(interest=…)` writes a policy file in force since 2020; answers its name."""
    folder = tmp_path / "charges"
    shutil.copytree(ROOT / "bot/policies/data/charges", folder)
    monkeypatch.setattr(charges, "_FOLDER", folder)

    def write(**given: Any) -> str:
        name = f"test-{uuid.uuid4().hex[:8]}"
        terms = {"reference": "test", "allocation": ORDER, "feed": FEED, **given}
        content = {"description": "test", "values": {"PLACE": terms}}
        text = yaml.safe_dump(content).replace("PLACE", "2020-01-01")
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return name

    return write

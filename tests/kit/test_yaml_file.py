"""Our tables are read as PyYAML's safe loader reads them, only faster."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from bot.kit.yaml_file import parse_yaml

BOT = Path(__file__).resolve().parents[2] / "bot"
TABLES = sorted(BOT.rglob("*.yml"))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.relative_to(BOT)))
def test_says_what_the_safe_loader_says(table: Path) -> None:
    text = table.read_text(encoding="utf-8")
    assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["a: [1", "a: !!python/object/apply:os.getcwd []", "\t- a"])
def test_refuses_what_is_no_plain_data(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
def test_takes_a_fraction_of_the_time() -> None:
    text = max((table.read_text(encoding="utf-8") for table in TABLES), key=len)

    def seconds(read: object) -> float:
        begun = time.process_time()
        assert callable(read)
        read(text)
        return time.process_time() - begun

    assert seconds(parse_yaml) < seconds(yaml.safe_load) / 3

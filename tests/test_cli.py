"""The command line: what is listed is what is there, and listing it costs little."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from bot.cli import app
from bot.runtime.commands import LATER, imported
from bot.runtime.paths import ROOT


@pytest.mark.parametrize("name", LATER)
def test_the_list_says_of_a_command_what_it_says_itself(name):
    where, said = LATER[name]
    command = imported(where, name)
    assert command.name == name
    assert command.help.strip().split("\n\n")[0] == said


def test_every_command_is_listed_once():
    group = get_command(app)
    names = list(group.commands)
    assert {"serve", "worker", "demo", "train", "classify", "chat"} | set(LATER) == set(names)
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    assert all(name in told.output for name in names)


def test_a_group_and_a_command_that_are_imported_late_work_as_any_other():
    told = CliRunner().invoke(app, ["queue", "--help"])
    assert "status" in told.output and "retry" in told.output
    assert "--install-completion" not in told.output
    assert "--creditor" in CliRunner().invoke(app, ["import", "--help"]).output
    wrong = CliRunner().invoke(app, ["nudgs"])
    assert wrong.exit_code == 2 and "nudges" in wrong.output


def test_the_list_brings_in_nothing_of_what_the_commands_need():
    script = (
        "import sys; from bot.cli import app; from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print([m for m in ('sqlmodel', 'fastapi', 'telegram', 'stripe', 'bot.app') "
        "if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"

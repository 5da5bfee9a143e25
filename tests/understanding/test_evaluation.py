"""The figures mean what they say, and the page shows them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil
import pytest

from bot.runtime import nlu_report
from bot.runtime.nlu_report import TARGETS, Target, between_markers, calibration_plot, markdown
from bot.runtime.paths import ROOT
from bot.runtime.rasa_side import NotMeasured, in_rasas_environment
from nlu.evaluation import metrics
from nlu.evaluation.examples import Example
from nlu.evaluation.messages import BadFile, Message, heldout, read_messages, unseen
from nlu.evaluation.metrics import Judged


def judged(*pairs: tuple[str, str], confidence: float = 1.0) -> list[Judged]:
    return [Judged(tuple(a.split("|")), b, confidence, "es", "MX") for a, b in pairs]


# --- figures --------------------------------------------------------------------------------------


def test_either_of_two_labels_is_right() -> None:
    assert judged(("greet|thanks", "thanks"))[0].right
    assert judged(("greet|thanks", "thanks"))[0].truth == "thanks"
    assert judged(("greet|thanks", "deny"))[0].truth == "greet"


def test_macro_f1_counts_rare_intents_like_common_ones() -> None:
    found = judged(*[("greet", "greet")] * 9, ("deny", "greet"))
    assert metrics.macro_f1(found) == pytest.approx((18 / 19 + 0) / 2)
    assert metrics.summary(found)["accuracy"] == pytest.approx(0.9)


def test_a_swap_is_counted_among_objections_and_hardships_only() -> None:
    found = judged(
        ("objection_fraud", "hardship_job_loss"),
        ("hardship_illness", "hardship_care"),
        ("hardship_illness", "greet"),
        ("objection_fraud|hardship_job_loss", "hardship_job_loss"),
        ("greet", "objection_fraud"),
    )
    assert metrics.swap(found) == pytest.approx(1 / 4)


def test_the_stance_is_right_where_only_the_intent_is_wrong() -> None:
    found = judged(("objection_fraud", "objection_not_mine"), ("greet", "crisis"))
    assert metrics.summary(found)["stance_accuracy"] == 0.5
    assert metrics.confusion(found)["objection"]["objection"] == 1
    assert metrics.confusion(found)["social"]["crisis"] == 1


def test_calibration_compares_how_sure_with_how_often_right() -> None:
    found = judged(("greet", "greet"), ("greet", "deny"), confidence=0.8)
    assert metrics.calibration_error(found) == pytest.approx(0.3)
    assert metrics.reliability(found) == [
        {"messages": 2, "confidence": pytest.approx(0.8), "accuracy": 0.5}
    ]


def test_manners_beside_what_matters_are_no_act() -> None:
    found = metrics.acts(
        [["ask_balance", "greet"], ["opt_out", "deny"], ["greet"]],
        [["ask_balance"], ["opt_out", "ask_human"], ["greet"]],
    )
    assert found["exact"] == pytest.approx(2 / 3)
    assert found["recall"] == 1
    assert found["precision"] == pytest.approx(3 / 4)


def test_safety_counts_misses_and_false_alarms() -> None:
    found = metrics.safety(
        ["crisis", "crisis", "ordinary", "ordinary", "opt_out"],
        [["crisis"], ["greet"], ["crisis", "greet"], ["greet"], ["opt_out"]],
    )
    assert found["crisis"] == {"recall": 0.5, "false_alarms": 0.5}
    assert found["opt_out"] == {"recall": 1.0, "false_alarms": 0.0}


def test_small_countries_are_counted_together() -> None:
    found = [Judged(("greet",), "greet", 1, "en", c) for c in ["US"] * 20 + ["KE", "IE"]]
    assert set(metrics.groups(found, country=True)) == {"en-US", "en, elsewhere"}


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["intents", "acts", "safety"])
def test_the_heldout_files_can_be_read(name: str) -> None:
    assert len(heldout(name)) >= 150


def test_messages_that_read_like_an_example_are_told_apart() -> None:
    example = Example("Ya pagué 300", "objection_already_paid", "es", "es-01", Path("a"), 1)
    messages = [Message("YA PAGUE 500", ("greet",), "es"), Message("ya voy", ("greet",), "es")]
    assert unseen(messages, [example]) == [False, True]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("lang\ttext\nes\thola\n", "lacks the column label"),
        ("lang\ttext\tlabel\nes\thola\thi\n", "line 2: no such label: 'hi'"),
        ("lang\ttext\tlabel\nes\t\tgreet\nxx\thola\tgreet\n", "line 3: no such language"),
        ("", "lacks the column lang, text, label"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadFile, match=why):
        read_messages(file)
    with pytest.raises(NotMeasured, match=why):
        in_rasas_environment("evaluate", "--quick", "--file", str(file))


# --- the page -------------------------------------------------------------------------------------


def test_a_gap_is_on_the_side_of_its_target() -> None:
    least = Target("recall", "a.b", 0.95).compared({"a": {"b": 0.9}})
    most = Target("time", "a.b", 25, at_least=False, unit="ms").compared({"a": {"b": 20}})
    assert least is not None and most is not None
    assert (least["gap"], least["met"]) == (-0.05, False)
    assert (most["gap"], most["met"]) == (5, True)
    assert Target("nothing", "a.c", 1).compared({"a": {"b": 1}}) is None
    assert nlu_report.target_rows([least])[0] == ("recall", "≥ 95.0%", "90.0%", "**-5.0%**")


def test_only_what_is_between_the_marks_changes() -> None:
    page = "a\n<!-- figures: x -->\nold\n<!-- end: x -->\nb"
    assert between_markers(page, "x", "new \\1") == page.replace("old", "new \\1")
    assert between_markers(page, "y", "new") == page


def test_a_table_is_a_table() -> None:
    assert markdown(["", "b"], [["1", "2"]]) == "|  | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_plot_can_be_drawn() -> None:
    plot = calibration_plot([{"messages": 9, "confidence": 0.95, "accuracy": 0.9}])
    names = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(plot).iter()]
    assert names.count("circle") == 1


def test_the_page_shows_the_results_as_they_were_measured() -> None:
    figures = json.loads(nlu_report.RESULTS.read_text("utf-8"))
    pages = [page.read_text("utf-8") for page in nlu_report.PAGES]
    for name, table in nlu_report.TABLES.items():
        assert any(f"<!-- figures: {name} -->" in page for page in pages)
        for page in pages:
            assert between_markers(page, name, table(figures)) == page
    assert nlu_report.PLOT.read_text("utf-8") == calibration_plot(figures["heldout"]["reliability"])
    assert {row["name"] for row in figures["targets"]} == {target.name for target in TARGETS}


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("to_all", [True, False], ids=["Ctrl-C", "the command alone"])
def test_stopping_leaves_everything_as_it_was(to_all: bool) -> None:
    before = nlu_report.RESULTS.read_bytes()
    command = [sys.executable, "-m", "bot.cli", "nlu", "evaluate"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        while not (measuring := psutil.Process(process.pid).children()):
            time.sleep(0.1)
        time.sleep(1)
        if to_all:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"nothing was written" in said
    assert not any(child.is_running() for child in measuring)
    assert nlu_report.RESULTS.read_bytes() == before

"""`python -m nlu.evaluation.variants`: the pipelines side by side; the table of decision 0013.

Each runs in a process of its own, so that its memory is its own, on the same eighth of the voices
(Rasa's DIET and the second encoder would need hours for all of them), and is tested on the
held-out messages. The finalists then get the whole corpus.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from nlu.evaluation import metrics
from nlu.evaluation.examples import ROOT, Example, read_corpus
from nlu.evaluation.measure import of_voices, peak_megabytes, rounded
from nlu.evaluation.messages import heldout
from nlu.evaluation.pipelines import FINALISTS, PIPELINES

_RESULTS = ROOT / "benchmarks/results/understanding.json"
_PAGE = ROOT / "docs/decisions/0013-intent-model.md"
_EIGHTH = "eighth"
_TIMED = 200


def main() -> int:
    """Measure all, or those that are named, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="names of pipelines, as in the table")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=(_EIGHTH, "whole"), default=_EIGHTH)
    asked = parser.parse_args()
    if asked.one:
        warnings.filterwarnings("ignore")
        sys.stdout.write("\n" + json.dumps(measured(asked.one, asked.part)) + "\n")
        return 0
    wanted = [(name, _EIGHTH) for name in PIPELINES] + [(name, "whole") for name in FINALISTS]
    for name, part in wanted:
        if asked.only is None or name in asked.only:
            sys.stderr.write(f"{part}: {name} … ")
            sys.stderr.flush()
            row = _apart(name, part)
            sys.stderr.write("failed\n" if row is None else f"{row['accuracy']:.1%}\n")
            if row:
                _save(part, row)
    return 0


def _apart(name: str, part: str) -> dict[str, Any] | None:
    """Measure in another process; nothing where its library is missing."""
    command = [sys.executable, "-m", "nlu.evaluation.variants", "--one", name, "--part", part]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr[-600:])
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(name: str, part: str) -> dict[str, Any]:
    """One pipeline's figures."""
    corpus: Sequence[Example] = read_corpus()
    examples = corpus if part == "whole" else of_voices(corpus, 1 / 8)
    messages = heldout("intents")
    pipeline = PIPELINES[name]()
    begun = time.perf_counter()
    pipeline.fit([one.text for one in examples], [one.intent for one in examples])
    train_s = time.perf_counter() - begun
    sure = pipeline.sure([message.text for message in messages])
    judged = [
        metrics.Judged(
            message.labels, pipeline.intents[row.argmax()], float(row.max()), message.language
        )
        for message, row in zip(messages, sure, strict=True)
    ]
    spent = []
    for message in messages[:: max(1, len(messages) // _TIMED)]:
        begun = time.perf_counter()
        pipeline.sure([message.text])
        spent.append((time.perf_counter() - begun) * 1000)
    return rounded(
        {
            "name": name,
            "examples": len(examples),
            **metrics.summary(judged),
            "train_s": train_s,
            "parse_p50_ms": sorted(spent)[len(spent) // 2],
            "peak_mb": peak_megabytes(),
            "model_mb": pipeline.megabytes(),
        }
    )


def _save(part: str, row: dict[str, Any]) -> None:
    """Put a row into the results and the table."""
    results = json.loads(_RESULTS.read_text(encoding="utf-8")) if _RESULTS.exists() else {}
    table = results.setdefault("variants", {}).setdefault(part, [])
    table[:] = [one for one in table if one["name"] != row["name"]] + [row]
    order = list(PIPELINES)
    table.sort(key=lambda one: order.index(one["name"]))
    now = datetime.now(timezone.utc)
    results["variants"]["measured_at"] = now.isoformat(timespec="seconds")
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    _RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if _PAGE.exists():
        page = _PAGE.read_text(encoding="utf-8")
        mark = re.compile(f"(<!-- figures: {part} -->\n).*?(<!-- end: {part} -->)", re.DOTALL)
        written = mark.sub(lambda found: found[1] + _table(table) + found[2], page)
        _PAGE.write_text(written, encoding="utf-8")


def _table(rows: Sequence[dict[str, Any]]) -> str:
    head = (
        "| pipeline | accuracy | macro-F1 | stance | ECE | training | one text | memory | model |"
    )
    lines = [head, "|" + "---|" * 9]
    lines += [
        f"| {row['name']} | {row['accuracy']:.1%} | {row['macro_f1']:.1%} "
        f"| {row['stance_accuracy']:.1%} | {row['ece']:.1%} | {row['train_s']:.0f} s "
        f"| {row['parse_p50_ms']:.1f} ms | {row['peak_mb']:,.0f} MB | {row['model_mb']:.1f} MB |"
        for row in rows
    ]
    return f"{rows[0]['examples']:,} examples:\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())

"""The figures of understanding as tables: each beside its target, in docs/understanding.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.runtime.paths import ROOT

RESULTS = ROOT / "benchmarks/results/understanding.json"
PAGES = (ROOT / "docs/understanding.md", ROOT / "docs/corpus.md")
PLOT = ROOT / "docs/calibration.svg"

Figures = dict[str, Any]
Unit = Literal["%", "s", "ms", "MB"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be at least (or at most)."""

    name: str
    where: str
    """The figure's place in the results, with dots."""
    bound: float
    at_least: bool = True
    unit: Unit = "%"

    def compared(self, figures: Figures) -> dict[str, Any] | None:
        """The figure beside the target; nothing where it was not measured."""
        value = _at(figures, self.where)
        if value is None:
            return None
        gap = value - self.bound if self.at_least else self.bound - value
        return {
            "name": self.name,
            "target": self.bound,
            "at_least": self.at_least,
            "unit": self.unit,
            "measured": value,
            "gap": round(gap, 4),
            "met": gap >= 0,
        }


def _on_messages(where: str, whose: str = "") -> tuple[Target, ...]:
    """What a set of messages that nobody trained on is to reach."""
    return (
        Target(f"right stance{whose}", f"{where}.all.stance_accuracy", 0.95),
        Target(
            f"objection met as hardship or the reverse{whose}",
            f"{where}.all.objection_hardship_swap",
            0.015,
            at_least=False,
        ),
        Target(f"intents, macro-F1{whose}", f"{where}.all.macro_f1", 0.88),
        Target(f"intents, macro-F1, Spanish{whose}", f"{where}.languages.es.macro_f1", 0.90),
        Target(f"expected calibration error{whose}", f"{where}.all.ece", 0.05, at_least=False),
    )


TARGETS = (
    *_on_messages("heldout"),
    *_on_messages("blind", ", blind authors"),
    *_on_messages("raw", ", blind authors, raw"),
    *_on_messages("folds", ", voices never heard"),
    Target("crisis, recall, classifier alone", "safety.alone.crisis.recall", 0.99),
    Target(
        "crisis, false alarms, classifier alone, made to sound alike",
        "safety.alone.crisis.false_alarms",
        0.01,
        False,
    ),
    Target("crisis, recall, with the net", "safety.with_net.crisis.recall", 0.99),
    Target("crisis, false alarms, with the net", "everyday.crisis.false_alarms", 0.01, False),
    Target(
        "crisis, false alarms, with the net, made to sound alike",
        "safety.with_net.crisis.false_alarms",
        0.01,
        False,
    ),
    Target("opt-out, recall, classifier alone", "safety.alone.opt_out.recall", 0.98),
    Target("opt-out, recall, with the net", "safety.with_net.opt_out.recall", 0.98),
    Target("wrong person, recall", "safety.alone.wrong_person.recall", 0.95),
    Target("out of scope, F1", "heldout.all.out_of_scope_f1", 0.85),
    Target("`acuerdo train`", "costs.train_s", 240, at_least=False, unit="s"),
    Target("reading one message, p95, in the process", "costs.p95_ms", 25, False, "ms"),
    Target("reading one message, p95, Rasa over HTTP", "costs.rasa_p95_ms", 25, False, "ms"),
    Target("Rasa's process", "costs.rasa_mb", 1000, at_least=False, unit="MB"),
)


def _at(figures: Figures, where: str) -> float | None:
    value: Any = figures
    for part in where.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None else float(value)


def compared(figures: Figures) -> list[dict[str, Any]]:
    """Every figure that has a target, beside it."""
    return [row for target in TARGETS if (row := target.compared(figures))]


def written(value: float, unit: Unit) -> str:
    """A figure as people read it."""
    if unit == "%":
        return f"{value:.1%}"
    return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:.1f} {unit}"


def target_rows(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Name, target, measured, gap: what both the terminal and the page show."""
    return [
        (
            row["name"],
            f"{'≥' if row['at_least'] else '≤'} {written(row['target'], row['unit'])}",
            written(row["measured"], row["unit"]),
            "met" if row["met"] else f"**{written(-abs(row['gap']), row['unit'])}**",
        )
        for row in rows
    ]


# --- the page -------------------------------------------------------------------------------------


def save(figures: Figures) -> None:
    """Write the results, the page's tables and the plot, keeping what others measured."""
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    if "variants" in kept:
        figures["variants"] = kept["variants"]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    _write(RESULTS, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    _write(PLOT, calibration_plot(figures["heldout"]["reliability"]))
    for file in PAGES:
        page = file.read_text("utf-8")
        for name, table in TABLES.items():
            page = between_markers(page, name, table(figures))
        _write(file, page)


def _write(file: Path, text: str) -> None:
    """All of a file or nothing."""
    part = file.with_name(file.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def between_markers(page: str, name: str, text: str) -> str:
    """`page` with `text` between its two marks for `name`."""
    begin, end = f"<!-- figures: {name} -->", f"<!-- end: {name} -->"
    return re.sub(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{text}\n{end}",
        page,
        flags=re.DOTALL,
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_SUMMARY = ("accuracy", "macro_f1", "stance_accuracy", "objection_hardship_swap", "ece")
_SUMMARY_HEAD = ("messages", "accuracy", "macro-F1", "stance", "swap", "ECE")


def summary_cells(one: Figures) -> list[str]:
    """The main figures of a set of messages, in the order of the tables."""
    return [f"{one['messages']:,}", *(f"{one[name]:.1%}" for name in _SUMMARY)]


def _overview(figures: Figures) -> str:
    heldout, blind, raw = figures["heldout"], figures["blind"], figures["raw"]
    rows = [
        ["held-out messages", *summary_cells(heldout["all"])],
        ["of these, not in the corpus", *summary_cells(heldout["not_in_corpus"])],
        ["of these, unlike every example", *summary_cells(heldout["unlike_corpus"])],
        ["by blind authors", *summary_cells(blind["all"])],
        ["of these, unlike every example", *summary_cells(blind["unlike_corpus"])],
        ["by blind authors, raw", *summary_cells(raw["all"])],
        *([f"of these, {name}", *summary_cells(one)] for name, one in raw["languages"].items()),
        [
            f"the corpus, {figures['folds']['count']} folds by voice",
            *summary_cells(figures["folds"]["all"]),
        ],
    ]
    return markdown(["", *_SUMMARY_HEAD], rows)


def _places(figures: Figures) -> str:
    heldout = figures["heldout"]
    rows = [[name, *summary_cells(one)] for name, one in heldout["languages"].items()]
    rows += [[name, *summary_cells(one)] for name, one in heldout["countries"].items()]
    return markdown(["", *_SUMMARY_HEAD], rows)


def _safety(figures: Figures) -> str:
    rows = []
    for name in ("crisis", "opt_out", "wrong_person"):
        row = [name]
        for side in ("alone", "answered", "with_net"):
            found = figures["safety"][side][name]
            row += [f"{found['recall']:.1%}", f"{found['false_alarms']:.1%}"]
        everyday = figures["everyday"][name]
        row.append(f"{everyday['false_alarms']:.1%} of {everyday['messages']:,}")
        rows.append(row)
    head = ["", "recall, classifier alone", "false alarms", "recall, as answered", "false alarms",
            "recall, with the net", "false alarms", "and in the other held-out messages"]  # fmt: skip
    return markdown(head, rows)


def _acts(figures: Figures) -> str:
    acts = figures["acts"]
    names = ("precision", "recall", "exact", "first", "heard_as_several")
    head = ("messages", "precision", "recall", "exactly these acts", "most urgent among them",
            "heard as several")  # fmt: skip
    return markdown(head, [[str(acts["messages"]), *(f"{acts[name]:.1%}" for name in names)]])


def _curve(figures: Figures) -> str:
    rows = [
        [point["part"], str(point["voices"]), f"{point['examples']:,}",
         *(f"{point[name]:.1%}" for name in _SUMMARY[:3])]
        for point in figures["curve"]
    ]  # fmt: skip
    return markdown(["voices", "", "examples", *_SUMMARY_HEAD[1:4]], rows)


def _confusion(figures: Figures) -> str:
    found = figures["heldout"]["confusion"]
    rows = [
        [stance, *(str(count) if count else "·" for count in taken.values())]
        for stance, taken in found.items()
    ]
    return markdown(["is ↓ taken for →", *found], rows)


def _weakest(figures: Figures) -> str:
    found = sorted(figures["heldout"]["intents"].items(), key=lambda item: item[1]["f1"])[:12]
    rows = [
        [f"`{name}`", str(one["messages"]), f"{one['f1']:.1%}",
         ", ".join(f"`{other}` {count}" for other, count in one["taken_for"].items())]
        for name, one in found
    ]  # fmt: skip
    return markdown(["intent", "messages", "F1", "taken for"], rows)


def _costs(figures: Figures) -> str:
    costs = figures["costs"]
    names: dict[str, tuple[str, Unit]] = {
        "fit_s": ("training the classifier, encoding included", "s"),
        "train_s": ("`acuerdo train`, all of it", "s"),
        "p50_ms": ("reading one message, p50, in the process", "ms"),
        "p95_ms": ("reading one message, p95, in the process", "ms"),
        "rasa_p50_ms": ("reading one message, p50, Rasa over HTTP", "ms"),
        "rasa_p95_ms": ("reading one message, p95, Rasa over HTTP", "ms"),
        "rasa_mb": ("Rasa's process, resident", "MB"),
        "rasa_ready_s": ("until Rasa answers", "s"),
        "peak_mb": ("while training, peak", "MB"),
        "model_mb": ("the classifier by itself", "MB"),
        "archive_mb": ("the model's archive", "MB"),
    }
    rows = [[words, written(costs[key], unit)] for key, (words, unit) in names.items()
            if key in costs]  # fmt: skip
    return markdown(["", "measured"], rows)


def _corpus(figures: Figures) -> str:
    corpus = figures["corpus"]
    languages = ", ".join(f"{count:,} {name}" for name, count in corpus["languages"].items())
    return (
        f"Measured {figures['measured_at'][:10]} with {corpus['examples']:,} examples "
        f"({languages}) of {corpus['intents']} intents by {corpus['voices']} voices."
    )


def _voices(figures: Figures) -> str:
    corpus = figures["corpus"]
    rows = [
        [
            one["language"],
            one["country"] or "no one country",
            str(one["voices"]),
            f"{one['examples']:,}",
        ]
        for one in corpus["places"]
    ]
    fewest = ", ".join(
        f"{count} in {name}" for name, count in corpus["fewest_of_an_intent"].items()
    )
    table = markdown(["language", "country", "voices", "examples"], rows)
    return f"{table}\n\nThe intent with the fewest examples has {fewest}."


def _targets(figures: Figures) -> str:
    return markdown(["", "target", "measured", "gap"], target_rows(figures["targets"]))


TABLES: dict[str, Callable[[Figures], str]] = {
    "corpus": _corpus,
    "voices": _voices,
    "targets": _targets,
    "overview": _overview,
    "places": _places,
    "safety": _safety,
    "acts": _acts,
    "curve": _curve,
    "confusion": _confusion,
    "weakest": _weakest,
    "costs": _costs,
}


# --- the plot -------------------------------------------------------------------------------------


def calibration_plot(bins: Sequence[dict[str, float]]) -> str:
    """How sure (to the right) against how often right (up); on the line is honest."""
    side, edge = 300, 40

    def x(share: float) -> float:
        return round(edge + share * side, 1)

    def y(share: float) -> float:
        return round(edge / 2 + (1 - share) * side, 1)

    most = max(part["messages"] for part in bins)
    marks = [
        f'<circle cx="{x(part["confidence"])}" cy="{y(part["accuracy"])}" '
        f'r="{3 + 9 * (part["messages"] / most) ** 0.5:.1f}"><title>'
        f"{part['messages']:.0f} messages: sure {part['confidence']:.0%}, right "
        f"{part['accuracy']:.0%}</title></circle>"
        for part in bins
    ]
    grid = [
        f'<path d="M{x(t)} {y(0)}V{y(1)}M{x(0)} {y(t)}H{x(1)}"/>' for t in (0, 0.25, 0.5, 0.75, 1)
    ]
    ticks = [
        f'<text x="{x(t)}" y="{y(0) + 14}" text-anchor="middle">{t:.0%}</text>'
        f'<text x="{x(0) - 6}" y="{y(t) + 4}" text-anchor="end">{t:.0%}</text>'
        for t in (0, 0.5, 1)
    ]
    width, height = side + 2 * edge, side + edge + 20
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
            "<title>How often the classifier is right, by how sure it is</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<g stroke="#ddd" fill="none">{"".join(grid)}</g>',
            f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="#888" stroke-dasharray="4"/>',
            f'<g fill="#0f766e" fill-opacity=".7">{"".join(marks)}</g>',
            f'<g fill="#333">{"".join(ticks)}',
            f'<text x="{x(0.5)}" y="{height - 6}" text-anchor="middle">how sure</text>',
            f'<text x="12" y="{y(0.5)}" text-anchor="middle" '
            f'transform="rotate(-90 12 {y(0.5)})">how often right</text></g>',
            "</svg>\n",
        ]
    )

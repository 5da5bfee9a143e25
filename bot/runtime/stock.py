"""The baseline: Rasa as its documentation recommends, with our examples and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

import yaml

from bot.runtime.paths import ROOT, rasa_python
from bot.runtime.rasa import RasaCommand, environment, free_port
from bot.settings import Settings
from nlu.evaluation.examples import read_corpus

EPOCHS = 5
EXAMPLES = 25
"""Few epochs, and few examples of each intent and language: all of them would train for hours. What
a turn costs does not grow with the epochs, and grows with the examples: the fewer favour stock."""

_CONFIG = f"""
recipe: default.v1
assistant_id: stock
language: es
pipeline:
  - name: WhitespaceTokenizer
  - name: RegexFeaturizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: {EPOCHS}
    constrain_similarities: true
  - name: EntitySynonymMapper
  - name: ResponseSelector
    epochs: {EPOCHS}
    constrain_similarities: true
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
  - name: UnexpecTEDIntentPolicy
    max_history: 5
    epochs: {EPOCHS}
  - name: TEDPolicy
    max_history: 5
    epochs: {EPOCHS}
    constrain_similarities: true
"""


class StockTrainingFailed(RuntimeError):
    """Stock Rasa could not be trained; the message is the end of what it said."""


def stock_rasa() -> RasaCommand:
    """A command that starts the baseline, trained if need be.

    Raises:
        StockTrainingFailed: Rasa refused the inputs.
    """
    folder = ROOT / ".cache" / "stock"
    folder.mkdir(parents=True, exist_ok=True)
    examples = _examples()
    print_of_inputs = hashlib.sha256((_CONFIG + examples).encode()).hexdigest()[:16]
    model = folder / f"stock-{print_of_inputs}.tar.gz"
    if not model.exists():
        _train(folder, model, examples)
    logs = Path(tempfile.mkdtemp(prefix="acuerdo-stock-"))
    (folder / "endpoints.yml").write_text("tracker_store:\n  type: InMemoryTrackerStore\n")
    return RasaCommand(
        model=model,
        port=free_port(),
        settings=Settings(demo=True),
        actions_url="http://127.0.0.1:9/unused",
        tracker_db=logs / "unused.db",
        log=logs / "rasa.log",
        endpoints=folder / "endpoints.yml",
    )


def _train(folder: Path, model: Path, examples: str) -> None:
    intents = _intents()
    rules = [
        {"rule": f"answer {i}", "steps": [{"intent": i}, {"action": f"utter_{i}"}]}
        for i in [*intents, "nlu_fallback"]
    ]
    stories = [
        {
            "story": "balance, then thanks",
            "steps": [
                {"intent": "ask_balance"},
                {"action": "utter_ask_balance"},
                {"intent": "thanks"},
                {"action": "utter_thanks"},
            ],
        }
    ]
    domain = {
        "version": "3.1",
        "intents": intents,
        "responses": {f"utter_{i}": [{"text": f"utter {i}"}] for i in [*intents, "nlu_fallback"]},
    }
    (folder / "config.yml").write_text(_CONFIG)
    (folder / "nlu.yml").write_text(examples)
    (folder / "domain.yml").write_text(yaml.safe_dump(domain))
    (folder / "rules.yml").write_text(
        yaml.safe_dump({"version": "3.1", "rules": rules, "stories": stories})
    )
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [
            str(rasa_python()), "-m", "rasa", "train", "--config", str(folder / "config.yml"),
            "--domain", str(folder / "domain.yml"),
            "--data", str(folder / "nlu.yml"), str(folder / "rules.yml"),
            "--out", str(folder), "--fixed-model-name", model.name.removesuffix(".tar.gz"),
        ],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if not model.exists():
        raise StockTrainingFailed((done.stdout + done.stderr)[-3000:])


def _examples() -> str:
    """The first examples of each intent and language, as Rasa's own reader takes them."""
    kept: dict[tuple[str, str], list[str]] = {}
    for example in read_corpus():
        lines = kept.setdefault((example.intent, example.language), [])
        if len(lines) < EXAMPLES:
            lines.append(f"- {example.text}")
    nlu = [{"intent": i, "examples": "\n".join(lines) + "\n"} for (i, _), lines in kept.items()]
    return yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True)


def _intents() -> list[str]:
    return sorted({example.intent for example in read_corpus()})

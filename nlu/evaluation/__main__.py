"""`python -m nlu.evaluation …`: what `acuerdo nlu` runs in Rasa's environment."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import Any

# One thread: what is measured is what one message costs, and the machine serves others too.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Do one thing and hand over the result, as JSON on standard output."""
    asked = _parser().parse_args(arguments)
    # The network stops after its rounds on purpose (nlu/components/intent_model.py).
    warnings.filterwarnings("ignore", message="Stochastic Optimizer")
    from nlu.evaluation import progress
    from nlu.evaluation.examples import NotACorpus
    from nlu.evaluation.messages import BadFile

    try:
        progress.result(_do(asked))
    except (BadFile, NotACorpus) as problem:
        progress.refused(str(problem))
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _do(asked: argparse.Namespace) -> Any:
    # Each needs other libraries, and the quick ones should be quick.
    if asked.what == "import":
        from nlu.evaluation.labelled import add_labelled

        return add_labelled(asked.file, asked.folder)
    if asked.what == "check":
        from nlu.evaluation.corpus import check

        return check(asked.folder).as_json()
    if asked.what == "errors":
        from nlu.evaluation.errors import errors

        return errors(archive=asked.model, file=asked.file, intent=asked.intent)
    from nlu.evaluation import measure

    if asked.what == "figures":
        return measure.figures(asked.model)
    found = measure.evaluate(folds=asked.folds, quick=asked.quick, file=asked.file)
    return measure.rounded(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlu.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    evaluate = commands.add_parser("evaluate")
    evaluate.add_argument("--folds", type=int, default=5)
    evaluate.add_argument("--quick", action="store_true")
    evaluate.add_argument("--file", type=Path)
    errors = commands.add_parser("errors")
    errors.add_argument("--model", type=Path, required=True)
    errors.add_argument("--file", type=Path)
    errors.add_argument("--intent")
    figures = commands.add_parser("figures")
    figures.add_argument("--model", type=Path, required=True)
    labelled = commands.add_parser("import")
    labelled.add_argument("file", type=Path)
    labelled.add_argument("--folder", type=Path, required=True)
    check = commands.add_parser("check")
    check.add_argument("--folder", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())

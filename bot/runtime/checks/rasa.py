"""Rasa, its model, and the address at which it calls the actions."""

from __future__ import annotations

from pathlib import PurePath

from bot.runtime.checks.finding import Away, Check, Finding, Scene, State, body_of
from bot.runtime.paths import ROOT
from bot.runtime.training import model_path

GROUP = "Rasa & model"
_TRAIN = "`acuerdo train`, then restart Rasa"


def _status(scene: Scene) -> dict[str, object]:
    token = scene.settings.rasa_token.get_secret_value()
    try:
        answer = scene.ask("GET", f"{_base(scene)}/status", params={"token": token})
    except Away as away:
        raise Away(
            State.BROKEN,
            away.found,
            "start Rasa (docs/operators.md, Services) and check ACUERDO_RASA_URL; meanwhile "
            "messages are kept and answered later",
        ) from None
    if answer.status_code in (401, 403):
        raise Away(
            State.BROKEN,
            "Rasa answers, but not to our token",
            "start Rasa with the --auth-token that is in ACUERDO_RASA_TOKEN",
        )
    if answer.status_code == 409:
        return {}
    if answer.status_code != 200:
        raise Away(
            State.BROKEN,
            f"something answers with status {answer.status_code}; that is not Rasa",
            "check ACUERDO_RASA_URL",
        )
    return body_of(answer)


def _base(scene: Scene) -> str:
    return scene.settings.rasa_url.rstrip("/")


def _reachable(scene: Scene) -> list[Finding]:
    _status(scene)
    return [CHECKS[0].says(State.OK, "answers to our token")]


def _model(scene: Scene) -> list[Finding]:
    check = CHECKS[1]
    try:
        status = _status(scene)
    except Away:
        return [check.says(State.OFF, "not looked at, since Rasa does not answer")]
    loaded = str(status.get("model_file") or "")
    if not loaded:
        return [check.says(State.BROKEN, "no model is loaded", _TRAIN)]
    if not (ROOT / "config.yml").exists():
        return [check.says(State.OFF, "what the model is made from is not on this machine")]
    wanted = model_path()
    if PurePath(loaded).name == wanted.name:
        return [check.says(State.OK, f"{wanted.name}, made from the present inputs")]
    if wanted.exists():
        return [
            check.says(
                State.BROKEN,
                "Rasa has another model than the one made from the present inputs",
                "restart Rasa: it loads a model only when it starts",
            )
        ]
    return [
        check.says(
            State.BROKEN,
            "nlu/, flows/, domain.yml or config.yml changed after the model was trained",
            _TRAIN,
        )
    ]


def _actions(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[2], scene.settings
    address = f"http://{_reached(settings.host)}:{settings.port}/rasa/actions"
    try:
        # Only Rasa's POST does something there; to be refused shows that the app is the one.
        answer = scene.ask("GET", address)
    except Away:
        return [
            check.says(
                State.BROKEN,
                f"the app does not answer on port {settings.port}",
                "start `acuerdo serve`, and let ACUERDO_ACTIONS_URL of Rasa point at it",
            )
        ]
    if answer.status_code != 405:
        return [
            check.says(
                State.BROKEN,
                f"something else answers on port {settings.port}",
                "set ACUERDO_PORT to where the app listens, and ACUERDO_ACTIONS_URL of Rasa as well",
            )
        ]
    return [check.says(State.OK, f"the app listens for Rasa's calls on port {settings.port}")]


def _reached(host: str) -> str:
    """Where somebody on this machine finds who listens on `host`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - recognised, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


CHECKS = [
    Check(GROUP, "reachable", _reachable),
    Check(GROUP, "model", _model),
    Check(GROUP, "actions", _actions),
]

"""The settings: whether they can be read, are secret enough and say how debtors reach us."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

from bot.runtime.checks.finding import Check, Finding, Scene, State
from bot.settings import Settings

GROUP = "settings"
_SECRETS = ("secret_key", "identity_key", "rasa_token", "action_token")
_SHORTEST_SECRET = 24
_HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104 - recognised, not listened on
_NOT_JSON = "this is not the JSON it should be"


class _Lenient:
    """Leaves what is no JSON as it is, so that the field is named instead of everything failing."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return json.loads(value)
        except ValueError:
            return value


class _LenientEnv(_Lenient, EnvSettingsSource):
    pass


class _LenientDotEnv(_Lenient, DotEnvSettingsSource):
    pass


class UncheckedSettings(Settings):
    """The settings without the refusal to start, so that everything else can be looked at."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The same sources in the same order, read leniently."""
        del env_settings, dotenv_settings  # the strict ones
        return (
            init_settings,
            _LenientEnv(settings_cls),
            _LenientDotEnv(settings_cls, env_file=cls.model_config.get("env_file")),
            file_secret_settings,
        )

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> UncheckedSettings:
        return self


@dataclass(frozen=True, slots=True)
class Read:
    """The settings as far as they could be read, and which could not, by variable."""

    settings: Settings
    wrong: dict[str, str] = field(default_factory=dict)


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else f"ACUERDO_{name.upper()}"


def read_settings() -> Read:
    """Read the settings; a wrong one is named and its default takes its place."""
    defaults: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for _ in Settings.model_fields:
        try:
            return Read(UncheckedSettings(**defaults), wrong)
        except ValidationError as problem:
            before = len(wrong)
            for error in problem.errors(include_input=False, include_url=False):
                name = _field_of(str(error["loc"][0]))
                is_json = error["type"] == "dict_type"
                wrong[variable_of(name)] = _NOT_JSON if is_json else str(error["msg"])
                defaults[name] = Settings.model_fields[name].get_default(call_default_factory=True)
            if len(wrong) == before:
                raise
    return Read(UncheckedSettings(**defaults), wrong)


def _field_of(place: str) -> str:
    for name in Settings.model_fields:
        if place.lower() in (name, variable_of(name).lower()):
            return name
    raise LookupError(place)


def configuration_checks(read: Read) -> list[Check]:
    """What is looked at without any network."""

    def valid(_: Scene) -> list[Finding]:
        if not read.wrong:
            return [CHECKS[0].says(State.OK, "all of them can be read")]
        return [
            CHECKS[0].says(
                State.BROKEN,
                f"{variable}: {problem[:1].lower()}{problem[1:]}",
                f"set {variable} as docs/settings.md says",
            )
            for variable, problem in read.wrong.items()
        ]

    return [Check(GROUP, "readable", valid), *CHECKS[1:]]


def _secrets(scene: Scene) -> list[Finding]:
    settings, check = scene.settings, CHECKS[1]
    values = {name: getattr(settings, name).get_secret_value() for name in _SECRETS}
    if settings.demo:
        return [check.says(State.OK, "the demo's own, which is fine while ACUERDO_DEMO=1")]
    weak = [
        variable_of(name)
        for name, value in values.items()
        if value.startswith("demo-only-") or len(value) < _SHORTEST_SECRET
    ]
    if weak:
        return [
            check.says(
                State.BROKEN,
                f"missing, a demo's or too short: {', '.join(weak)}; the app refuses to start",
                f"set each to its own `openssl rand -base64 32` "
                f"({_SHORTEST_SECRET} characters or more)",
            )
        ]
    if len(set(values.values())) < len(values):
        return [
            check.says(
                State.WARNING,
                "some of the four are the same: whoever learns one knows the other",
                "give ACUERDO_SECRET_KEY, ACUERDO_RASA_TOKEN and ACUERDO_ACTION_TOKEN each its own "
                "`openssl rand -base64 32`; never change ACUERDO_IDENTITY_KEY once it is in use",
            )
        ]
    return [check.says(State.OK, "four, all different and long enough")]


def _address(scene: Scene) -> list[Finding]:
    settings, check = scene.settings, CHECKS[2]
    try:
        address = urlsplit(settings.public_url)
        host = address.hostname or ""
    except ValueError:
        address, host = urlsplit(""), ""
    todo = "set ACUERDO_PUBLIC_URL to the https address that debtors' browsers see"
    if address.scheme not in ("http", "https") or not host:
        return [check.says(State.BROKEN, "this is no http address", todo)]
    here = host in _HERE or host.startswith("127.")
    if settings.demo:
        reach = "this machine only" if here else host
        return [check.says(State.OK, f"{address.scheme}, {reach} (a demo)")]
    if here:
        return [check.says(State.BROKEN, f"{host}: nobody else can open the links we send", todo)]
    if address.scheme != "https":
        return [
            check.says(State.BROKEN, f"{host} without https: links can be read on the way", todo)
        ]
    return [check.says(State.OK, f"https, {host}")]


def _mode(scene: Scene) -> list[Finding]:
    settings, check = scene.settings, CHECKS[3]
    if not settings.demo:
        return [check.says(State.OK, "for real: no sample data, no sandbox")]
    if settings.stripe_api_key.get_secret_value().startswith(("sk_live_", "rk_live_")):
        return [
            check.says(
                State.BROKEN,
                "a demo with a live Stripe key: sample people would be charged for real",
                "unset ACUERDO_DEMO, or use a test key (sk_test_…) in ACUERDO_STRIPE_API_KEY",
            )
        ]
    return [check.says(State.OK, "a demo: sample data and demo secrets are allowed")]


CHECKS = [
    Check(GROUP, "readable", lambda _: []),
    Check(GROUP, "secrets", _secrets),
    Check(GROUP, "public address", _address),
    Check(GROUP, "mode", _mode),
]

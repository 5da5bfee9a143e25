"""Every setting of the app, from the environment (prefix ACUERDO_) or a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_DEMO_ONLY = "demo-only-"


class Settings(BaseSettings):
    """What an operator may set. `docs/settings.md` is the table; a test keeps the two equal."""

    model_config = SettingsConfigDict(
        env_prefix="ACUERDO_",
        env_file=("var/demo.env", ".env"),
        extra="ignore",
        populate_by_name=True,
    )

    demo: bool = Field(False, description="Sample data, sandbox payments and demo secrets allowed")
    database_url: str = Field(
        "sqlite:///var/acuerdo.db",
        validation_alias="DATABASE_URL",
        description="SQLAlchemy URL; SQLite by default, PostgreSQL when outgrown",
    )
    host: str = Field("127.0.0.1", description="Address the app listens on")
    port: int = Field(8000, description="Port the app listens on")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="Where debtors reach the app; used in payment links"
    )
    secret_key: SecretStr = Field(
        SecretStr(_DEMO_ONLY + "secret"), description="Signs sessions and links"
    )
    identity_key: SecretStr = Field(
        SecretStr(_DEMO_ONLY + "identity"),
        description="Keys the hashes of identity data; changing it voids all of them",
    )
    rasa_url: str = Field("http://127.0.0.1:5005", description="Where Rasa listens (loopback)")
    rasa_token: SecretStr = Field(SecretStr(_DEMO_ONLY + "rasa"), description="Rasa's --auth-token")
    action_token: SecretStr = Field(
        SecretStr(_DEMO_ONLY + "actions"), description="Header Rasa sends when it calls an action"
    )
    rasa_timeout: float = Field(10.0, description="Seconds to wait for Rasa before trying again")
    patience: float = Field(
        6.0, description="Seconds after which a debtor is told that the answer will take longer"
    )
    stripe_api_key: SecretStr = Field(
        SecretStr(""), description="Stripe secret key; empty means the sandbox, in the demo only"
    )
    stripe_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Stripe webhook signing secret"
    )
    stripe_api_base: str = Field(
        "", description="Another address for Stripe's API, for tests; empty means Stripe's own"
    )
    feed_tokens: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='Tokens for the creditors\' own systems, as JSON: {"slug": "token"}',
    )
    stripe_pages: Literal["sessions", "links"] = Field(
        "sessions",
        description="What a payment opens at Stripe: Checkout `sessions` or Payment `links`",
    )
    stripe_methods: dict[str, list[str]] = Field(
        default_factory=dict,
        description=(
            'Payment methods by country, as JSON: `{"MX": ["card", "oxxo"]}`; '
            "empty means what is switched on in Stripe's dashboard"
        ),
    )
    telegram_bots: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='Telegram bot tokens by creditor, as JSON: `{"slug": "123:abc"}`',
    )
    telegram_mode: Literal["webhook", "polling"] = Field(
        "webhook",
        description="How Telegram's updates come: `webhook`, or `polling` without a public address",
    )
    telegram_api_base: str = Field(
        "https://api.telegram.org", description="Telegram's API; another address for tests"
    )
    whatsapp_numbers: dict[str, str] = Field(
        default_factory=dict,
        description='WhatsApp phone number ids by creditor, as JSON: `{"slug": "1055…"}`',
    )
    whatsapp_token: SecretStr = Field(
        SecretStr(""), description="Access token of the WhatsApp Business app"
    )
    whatsapp_app_secret: SecretStr = Field(
        SecretStr(""), description="App secret, which signs WhatsApp's webhooks"
    )
    whatsapp_verify_token: SecretStr = Field(
        SecretStr(""), description="The word agreed with Meta to set up the webhook"
    )
    whatsapp_business_account: str = Field(
        "", description="Id of the WhatsApp Business account; for looking at templates and limits"
    )
    whatsapp_api_base: str = Field(
        "https://graph.facebook.com/v23.0", description="Meta's API; another address for tests"
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server: `smtp+starttls://user:password@host:587`; empty means no e-mail",
    )
    email_senders: dict[str, str] = Field(
        default_factory=dict,
        description='Sender by creditor, as JSON: `{"slug": "Brand <avisos@brand.example>"}`',
    )
    nudges: bool = Field(
        False,
        description="Write nudges by itself, every minute; `acuerdo nudges` works either way",
    )
    queue: Literal["inside", "workers"] = Field(
        "inside",
        description=(
            "Who sends nudges: the app itself (`inside`), or any number of `acuerdo worker` "
            "(`workers`, PostgreSQL only)"
        ),
    )
    messages_per_minute: int = Field(
        40, gt=0, description="Messages one conversation may send before it is asked to wait"
    )
    files_per_hour: int = Field(
        20, gt=0, description="Photos and PDFs one conversation may send in an hour"
    )
    sessions_per_minute: int = Field(
        60, gt=0, description="Conversations one network address may begin"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    trust_proxy: bool = Field(
        False, description="Believe X-Forwarded-For from the reverse proxy in front"
    )
    in_process_worker: bool = Field(
        True, description="Answer messages in the app's process; false where `acuerdo worker` runs"
    )
    data_dir: Path = Field(
        Path("var"), description="Where receipts, SQLite files and the demo keep data"
    )

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Settings:
        if self.demo:
            return self
        weak = [
            name
            for name in ("secret_key", "identity_key", "rasa_token", "action_token")
            if getattr(self, name).get_secret_value().startswith(_DEMO_ONLY)
            or len(getattr(self, name).get_secret_value()) < 24
        ]
        if weak:
            names = ", ".join(f"ACUERDO_{name.upper()}" for name in weak)
            raise ValueError(
                f"set {names} to a random text of 24 characters or more "
                "(for instance: openssl rand -base64 32), or ACUERDO_DEMO=1 for a rehearsal"
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_queue_without_postgresql(self) -> Settings:
        if self.queue == "workers" and not self.database_url.startswith("postgresql"):
            raise ValueError(
                "ACUERDO_QUEUE=workers needs PostgreSQL: set DATABASE_URL=postgresql://…, "
                "or ACUERDO_QUEUE=inside"
            )
        return self

    @property
    def uses_sandbox(self) -> bool:
        """Whether payments go to the sandbox because no Stripe key is set."""
        return not self.stripe_api_key.get_secret_value()

"""Our templates at Meta: what was submitted, what became of it, and whether it is still ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.channels.whatsapp.client import GraphClient
from bot.policies.whatsapp import Template, WhatsAppPolicy, Wording

APPROVED, MISSING, DIFFERENT = "APPROVED", "MISSING", "DIFFERENT"
_FIELDS = "name,language,status,category,components,rejected_reason,quality_score"
_A_PAGE = 100
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """How a template stands at Meta in one language."""

    name: str
    language: str
    status: str
    """Meta's word; `MISSING` where it was never submitted, `DIFFERENT` where its text is not ours."""
    category: str = ""
    reason: str = ""
    quality: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether messages can go out with it."""
        return self.status == APPROVED


def submission(template: Template, wording: Wording) -> dict[str, Any]:
    """What is submitted to Meta for approval."""
    buttons = [{"type": "QUICK_REPLY", "text": title} for title in wording.titles]
    example = {"body_text": [[template.example]]}
    return {
        "name": template.name,
        "language": wording.code,
        "category": template.category,
        "components": [
            {"type": "BODY", "text": wording.body, "example": example},
            {"type": "BUTTONS", "buttons": buttons},
        ],
    }


async def standings(client: GraphClient, account: str, policy: WhatsAppPolicy) -> list[Standing]:
    """How each of our templates stands at Meta, in every language.

    Raises:
        GraphRefusal: the API said no.
        TryLater: it does not answer.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for template in policy.templates:
        for shown in await _all(client, account, template.name):
            found[str(shown.get("name")), str(shown.get("language"))] = shown
    return [
        _standing(template, wording, found.get((template.name, wording.code)))
        for template in policy.templates
        for wording in template.languages.values()
    ]


async def _all(client: GraphClient, account: str, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    for _ in range(_MOST_PAGES):
        asked = {"name": name, "fields": _FIELDS, "limit": str(_A_PAGE)}
        page = await client.read(
            f"{account}/message_templates", **asked, **({"after": after} if after else {})
        )
        data = page.get("data")
        rows += [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
        paging = page.get("paging")
        cursors = paging.get("cursors") if isinstance(paging, dict) else None
        after = str(cursors.get("after", "")) if isinstance(cursors, dict) else ""
        if not after or not (isinstance(paging, dict) and paging.get("next")):
            break
    return rows


def _standing(template: Template, wording: Wording, shown: dict[str, Any] | None) -> Standing:
    if shown is None:
        return Standing(template.name, wording.code, MISSING)
    status = str(shown.get("status", ""))
    if status == APPROVED and not _says_the_same(shown, wording):
        status = DIFFERENT
    reason = str(shown.get("rejected_reason") or "")
    score = shown.get("quality_score")
    return Standing(
        template.name,
        wording.code,
        status,
        category=str(shown.get("category", "")),
        reason="" if reason == "NONE" else reason,
        quality=str(score.get("score", "")) if isinstance(score, dict) else "",
    )


def _says_the_same(shown: dict[str, Any], wording: Wording) -> bool:
    parts = shown.get("components")
    components = [c for c in parts if isinstance(c, dict)] if isinstance(parts, list) else []
    by_kind = {str(c.get("type", "")).upper(): c for c in components}
    body = by_kind.get("BODY", {}).get("text")
    buttons = by_kind.get("BUTTONS", {}).get("buttons")
    titles = [b.get("text") for b in buttons] if isinstance(buttons, list) else []
    return body == wording.body and titles == list(wording.titles)


async def push(client: GraphClient, account: str, policy: WhatsAppPolicy) -> list[Standing]:
    """Submit what Meta does not know yet; answers how everything stands afterwards.

    One that differs or was rejected is left as it is: Meta has it changed by hand, or under a new
    name, and judges it again.

    Raises:
        GraphRefusal: the API said no.
        TryLater, Uncertain: see `bot.channels.port`.
    """
    missing = {
        (s.name, s.language)
        for s in await standings(client, account, policy)
        if s.status == MISSING
    }
    for template in policy.templates:
        for wording in template.languages.values():
            if (template.name, wording.code) in missing:
                await client.create(f"{account}/message_templates", submission(template, wording))
    return await standings(client, account, policy)

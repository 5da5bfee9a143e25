"""Accounts, passwords and sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from bot.handoff import accounts
from bot.handoff.models import Agent, AgentSession, Role

from .office import NOON, PASSWORD, Office

TRUE_HASHER = accounts._HASHER


def add(office: Office, **changes: object) -> Agent:
    fields: dict[str, object] = {
        "email": "new@acuerdo.example",
        "name": "Nueva",
        "role": Role.AGENT,
        "password": PASSWORD,
        "creditor_id": None,
        "now": NOON,
    }
    with office.database.transaction() as session:
        return accounts.add_agent(session, **(fields | changes))  # type: ignore[arg-type]


def test_a_password_is_kept_only_as_an_argon2_hash(office: Office) -> None:
    agent = add(office)
    assert agent.password_hash.startswith("$argon2id$")
    assert PASSWORD not in agent.password_hash


def test_true_hashes_cost_what_owasp_asks_for() -> None:
    assert TRUE_HASHER.memory_cost >= 19 * 1024
    assert TRUE_HASHER.time_cost >= 2
    assert TRUE_HASHER.type.name == "ID"


@pytest.mark.parametrize(
    "password", ["short", "a" * 11, "aaaaaaaaaaaaaaaa", "x" * 300, "NEW@acuerdo.example"]
)
def test_an_easy_or_absurd_password_is_refused(office: Office, password: str) -> None:
    with pytest.raises(accounts.PasswordRefused):
        add(office, password=password)


def test_twelve_characters_are_enough(office: Office) -> None:
    assert add(office, password="abcdefghijkl").id


@pytest.mark.parametrize(
    "changes", [{"email": "not an address"}, {"name": "  "}, {"email": " ANA@acuerdo.example "}]
)
def test_an_account_needs_a_free_address_and_a_name(
    office: Office, changes: dict[str, str]
) -> None:
    with pytest.raises(accounts.AccountRefused):
        add(office, **changes)


def test_only_the_right_password_of_an_active_account_is_recognised(office: Office) -> None:
    with office.database.transaction() as session:
        assert accounts.authenticate(session, " Ana@Acuerdo.example ", PASSWORD)
        assert accounts.authenticate(session, "ana@acuerdo.example", PASSWORD + "!") is None
        assert accounts.authenticate(session, "nobody@acuerdo.example", PASSWORD) is None
        accounts.disable(session, session.get_one(Agent, office.ana.id), now=NOON)
        assert accounts.authenticate(session, "ana@acuerdo.example", PASSWORD) is None


def test_an_unknown_address_costs_as_much_as_a_wrong_password(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    true_verify = PasswordHasher.verify

    def verify(self: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored)
        return bool(true_verify(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    with office.database.reading() as session:
        accounts.check(session, "nobody@acuerdo.example", PASSWORD)
        accounts.check(session, "ana@acuerdo.example", "wrong wrong wrong")
    assert len(verified) == 2
    parameters = {stored.rsplit("$", 2)[0] for stored in verified}
    assert len(parameters) == 1, "both hashes must cost the same"


def test_an_old_hash_is_renewed_when_its_owner_signs_in(office: Office) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with office.database.transaction() as session:
        session.get_one(Agent, office.ana.id).password_hash = weak
    with office.database.transaction() as session:
        agent = accounts.authenticate(session, "ana@acuerdo.example", PASSWORD)
        assert agent and agent.password_hash != weak
    with office.database.reading() as session:
        assert accounts.check(session, "ana@acuerdo.example", PASSWORD)


def test_a_session_lasts_twelve_hours_whatever_happens_in_it(office: Office) -> None:
    with office.database.transaction() as session:
        new = accounts.start_session(session, session.get_one(Agent, office.ana.id), now=NOON)
    with office.database.reading() as session:
        almost = NOON + timedelta(hours=12) - timedelta(seconds=1)
        found = accounts.agent_of(session, new.cookie, almost)
        assert found and found.id == office.ana.id
        assert accounts.agent_of(session, new.cookie, NOON + timedelta(hours=12)) is None
        assert accounts.agent_of(session, "", NOON) is None
        assert accounts.agent_of(session, "guessed", NOON) is None


def test_the_cookie_is_not_in_the_database(office: Office) -> None:
    with office.database.transaction() as session:
        new = accounts.start_session(session, session.get_one(Agent, office.ana.id), now=NOON)
        stored = session.exec(select(AgentSession)).one()
        assert new.cookie not in (stored.token_hash, stored.csrf)
        assert len(stored.token_hash) == 64


def test_a_disabled_agent_is_out_at_once(office: Office) -> None:
    with office.database.transaction() as session:
        agent = session.get_one(Agent, office.ana.id)
        new = accounts.start_session(session, agent, now=NOON)
        accounts.disable(session, agent, now=NOON)
        assert accounts.agent_of(session, new.cookie, NOON) is None
    assert [e.data["agent_id"] for e in office.events("agent.disabled")] == [office.ana.id]


def test_an_ended_session_means_nobody_and_expired_ones_are_thrown_away(office: Office) -> None:
    with office.database.transaction() as session:
        agent = session.get_one(Agent, office.ana.id)
        first = accounts.start_session(session, agent, now=NOON)
        accounts.end_session(session, first.cookie)
        accounts.end_session(session, "never was")
        assert accounts.agent_of(session, first.cookie, NOON) is None
        accounts.start_session(session, agent, now=NOON)
        accounts.start_session(session, agent, now=NOON + timedelta(days=1))
        assert len(session.exec(select(AgentSession)).all()) == 1


def test_over_https_the_cookie_is_bound_to_the_host() -> None:
    assert accounts.cookie_name("https://pay.example").startswith("__Host-")
    assert not accounts.cookie_name("http://127.0.0.1:8000").startswith("__Host-")

"""How many people may be written to first in 24 hours, by Meta's tier and the number's quality."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.port import Destination, Parcel, TryLater
from bot.channels.whatsapp import limits, repository
from bot.channels.whatsapp.news import AccountNews, NumberNews, record
from bot.channels.whatsapp.templates import push
from bot.conversations.models import Purpose
from bot.policies.whatsapp import whatsapp_policy

DAY = timedelta(hours=24)


def policy(clock):
    return whatsapp_policy(clock.now().date())


def told(database, clock, *news):
    with database.transaction() as session:
        record(session, news, creditors={}, now=clock.now())


def place(database, clock, who, account="A"):
    with database.transaction() as session:
        return limits.take_place(
            session, who, account=account, policy=policy(clock), now=clock.now()
        )


@pytest.mark.parametrize(
    ("tier", "quality", "people"),
    [
        ("TIER_250", "GREEN", 250),
        ("TIER_2K", "GREEN", 2000),
        ("TIER_2K", "YELLOW", 1000),
        ("TIER_10K", "RED", 1000),
        ("TIER_UNLIMITED", "GREEN", None),
        ("TIER_UNLIMITED", "RED", 10_000),
        ("", "", 125),
        ("TIER_NEW", "GREEN", 250),
    ],
)
def test_the_days_limit_is_metas_tier_less_for_a_badly_rated_number(
    database, clock, tier, quality, people
):
    told(database, clock, AccountNews("A", tier), NumberNews("15550783881", "X", quality))
    with database.reading() as session:
        assert limits.people_a_day(session, "A", policy(clock)) == people


def test_the_worst_number_sets_the_pace(database, clock):
    told(database, clock, AccountNews("A", "TIER_2K"), NumberNews("1", "X", "GREEN"))
    told(database, clock, NumberNews("2", "FLAGGED", "RED"))
    with database.reading() as session:
        assert limits.people_a_day(session, "A", policy(clock)) == 200


def test_the_same_person_counts_once_and_the_day_is_a_rolling_one(database, clock):
    told(database, clock, AccountNews("A", "TIER_250"), NumberNews("1", "X", "RED"))
    for number in range(25):
        assert place(database, clock, f"p{number}") is None
        clock.advance(timedelta(minutes=1))
    assert place(database, clock, "p3") is None  # counted already
    wait = place(database, clock, "one more")
    assert wait == DAY - timedelta(minutes=25)
    clock.advance(wait - timedelta(seconds=1))
    assert place(database, clock, "one more") is not None
    clock.advance(timedelta(seconds=2))
    assert place(database, clock, "one more") is None


def test_whom_we_wrote_is_kept_as_a_hash_and_forgotten_after_a_day(database, clock):
    assert place(database, clock, "x") is None
    clock.advance(DAY)
    assert place(database, clock, "y") is None
    with database.reading() as session:
        assert repository.initiation(session, "x") is None


async def test_a_full_day_holds_back_templates_and_nothing_else(
    channel, server, database, clock, creditor, cleared
):
    told(database, clock, AccountNews(server.account, "TIER_250"), NumberNews("1", "X", "RED"))
    for number in range(24):
        assert place(database, clock, f"p{number}", server.account) is None
    for one in await push(channel.client, server.account, channel.policy):
        server.approves(one.name, one.language)
    people = [server.person(creditor) for _ in range(2)]
    nudge = Parcel(1, "k", "x", "es", "Sol", purpose=Purpose.NUDGE, now=clock.now())
    (template,) = channel.render(nudge)
    first, second = (Destination(creditor, {"user": p.user_id}) for p in people)
    await channel.send(template, first)
    await channel.send(template, first)
    with pytest.raises(TryLater) as caught:
        await channel.send(template, second)
    assert caught.value.seconds == DAY.total_seconds()
    people[1].says("hola")
    now = clock.now()
    (reply,) = channel.render(Parcel(2, "k", "x", "es", "Sol", last_inbound_at=now, now=now))
    await channel.send(reply, second)
    assert [len(person.messages) for person in people] == [2, 1]
    with database.reading() as session:
        assert repository.initiation(session, people[0].user_id) is None  # only its hash

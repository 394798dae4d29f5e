"""The roster on the real scripts: who is on it, and for how long."""

from dataclasses import replace

import pytest
from waiting import eventually

from jobs import roster as rosters
from jobs.roster import Member, Presence, Role, Roster, this_process
from jobs.store import Store


@pytest.fixture
def roster(store: Store) -> Roster:
    return Roster(store)


@pytest.fixture
def member() -> Member:
    return this_process(Role.WORKER, engine="celery", slots=2)


def test_a_process_is_on_the_roster_as_it_announced_itself(roster: Roster, member: Member) -> None:
    roster.announce(replace(member, busy=1))
    (found,) = roster.members()
    assert found == replace(member, busy=1, seen=found.seen)
    assert found.seen > 0


def test_members_are_told_by_their_roles(roster: Roster, member: Member) -> None:
    others = [replace(member, name=role, role=role) for role in (Role.API, Role.INTERNAL)]
    for each in (member, *others):
        roster.announce(each)
    assert [each.name for each in roster.members(Role.WORKER)] == [member.name]
    assert {each.name for each in roster.members(Role.API, Role.INTERNAL)} == {Role.API, Role.INTERNAL}
    assert roster.members(*Role) == roster.members()


def test_a_second_word_replaces_the_first(roster: Roster, member: Member) -> None:
    roster.announce(replace(member, busy=2))
    roster.announce(member)
    assert [each.busy for each in roster.members()] == [0]


def test_whoever_leaves_is_gone_at_once_and_the_others_stay(roster: Roster, member: Member) -> None:
    other = this_process(Role.API, engine="celery")
    roster.announce(member)
    roster.announce(other)
    roster.leave(member.name)
    assert [each.name for each in roster.members()] == [other.name]


def test_whoever_says_nothing_for_long_is_not_read_and_dropped_by_the_next_word(
    store: Store, roster: Roster, member: Member
) -> None:
    roster.announce(member)
    store.redis.zadd(store.keys.roster_seen, {member.name: roster.members()[0].seen - 15_001})
    assert roster.members() == []
    other = this_process(Role.INTERNAL, engine="celery", slots=1)
    roster.announce(other)
    assert store.redis.hkeys(store.keys.roster) == [other.name.encode()]
    assert store.redis.zcard(store.keys.roster_seen) == 1


def test_slow_heartbeats_keep_a_process_on_the_roster_for_three_of_them(store: Store, member: Member) -> None:
    slow = Store(replace(store.settings, heartbeat=60, lease=200))
    Roster(slow).announce(member)
    store.redis.zadd(store.keys.roster_seen, {member.name: Roster(slow).members()[0].seen - 100_000})
    assert [each.name for each in Roster(slow).members()] == [member.name]


def test_the_last_one_that_dies_leaves_no_keys_behind_for_ever(store: Store, roster: Roster, member: Member) -> None:
    roster.announce(member)
    assert 0 < store.redis.pttl(store.keys.roster) <= 15_000
    assert 0 < store.redis.pttl(store.keys.roster_seen) <= 15_000


def test_what_a_newer_version_says_beside_is_not_minded(store: Store, roster: Roster, member: Member) -> None:
    roster.announce(member)
    said = store.redis.hget(store.keys.roster, member.name)
    assert said is not None
    store.redis.hset(store.keys.roster, member.name, said.replace(b'{"name"', b'{"mood":"good","name"', 1))
    assert [each.name for each in roster.members()] == [member.name]


def test_a_presence_is_announced_no_more_often_than_it_is_due(
    store: Store, roster: Roster, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(rosters.time, "monotonic", lambda: now)
    presence = Presence(roster, member, every=1.0)
    presence.keep(busy=1)
    presence.keep(busy=2)
    assert roster.members()[0].busy == 1
    now += 1.0
    presence.keep(busy=2)
    assert roster.members()[0].busy == 2


def test_a_presence_that_leaves_is_off_the_roster(roster: Roster, member: Member) -> None:
    presence = Presence(roster, member, every=1.0)
    presence.keep()
    eventually(roster.members)
    presence.leave()
    assert roster.members() == []

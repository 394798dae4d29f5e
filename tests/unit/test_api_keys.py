"""API keys as values, and what a process remembers of them."""

import re
from dataclasses import replace
from hashlib import sha256

import pytest
from standing_clock import Clock

from app.access.known_keys import LONGEST, MOST, TRUSTED, UNKNOWN_TRUSTED, KnownKeys
from jobs.api_keys import ApiKey, Scope, key_of, new_key, opens, parts_of, record_of
from jobs.errors import StoreUnavailable

#: When every key of these tests was made, Unix milliseconds.
THEN = 1_800_000_000_000


def a_key(**changes: object) -> tuple[ApiKey, str]:
    key, text = new_key("alice", [Scope.READ], created=THEN)
    return replace(key, **changes), secret_of(text)  # type: ignore[arg-type]


def secret_of(text: str) -> str:
    parts = parts_of(text)
    assert parts is not None
    return parts[1]


def test_a_key_reads_as_its_id_and_43_letters_of_secret() -> None:
    key, text = new_key("alice", [Scope.READ], created=THEN)
    assert re.fullmatch(rf"ck_{key.id}_[A-Za-z0-9_-]{{43}}", text)


def test_no_two_keys_are_alike() -> None:
    texts = [new_key("alice", [Scope.READ], created=THEN)[1] for _ in range(1000)]
    assert len({text[:15] for text in texts}) == len({text[16:] for text in texts}) == 1000


def test_of_the_secret_only_the_hash_is_kept() -> None:
    key, text = new_key("alice", [Scope.READ], created=THEN)
    record = record_of(key).decode()
    assert secret_of(text) not in record
    assert sha256(secret_of(text).encode()).hexdigest() in record


def test_a_kept_key_comes_back_as_it_was() -> None:
    key, _ = new_key("alice", [Scope.READ, Scope.SUBMIT], created=THEN, expires=THEN + 1, rate=60)
    assert key_of(key.id, record_of(key)) == key


def test_a_scope_that_a_later_version_made_gives_nothing_here() -> None:
    key, _ = a_key()
    later = record_of(key).replace(b'"read"', b'"read","rule"')
    assert key_of(key.id, later).scopes == {Scope.READ}


def test_the_hash_is_not_shown_with_the_key() -> None:
    key, _ = a_key()
    assert key.digest not in repr(key)


@pytest.mark.parametrize("name", ["", "Alice", "a b", "-a", ".a", "a" * 64, "ä", "a\n", "anonymous"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        new_key(name, [Scope.READ], created=THEN)


@pytest.mark.parametrize("name", ["a", "0", "team-a.nightly_2", "a" * 63])
def test_a_name_that_can_be_is_taken(name: str) -> None:
    assert new_key(name, [Scope.READ], created=THEN)[0].name == name


def test_a_key_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="there are submit, read, admin"):
        new_key("alice", [], created=THEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ck_",
        "ck_abcdefghijkl_",
        "ck_abcdefghijkl_" + "x" * 42,
        "ck_abcdefghijkl_" + "x" * 44,
        "ck_abcdefghijk_" + "x" * 43,
        "CK_abcdefghijkl_" + "x" * 43,
        "ck_abcdefghijkl_" + "ä" * 43,
        "ck_abcdefghijkl_" + "x" * 43 + "\n",
        " ck_abcdefghijkl_" + "x" * 43,
        "x" * 100_000,
    ],
)
def test_what_is_no_key_has_no_parts(text: str) -> None:
    assert parts_of(text) is None


def test_a_secret_opens_its_key() -> None:
    key, secret = a_key()
    assert opens(secret, key, now=THEN)


def test_another_secret_opens_nothing() -> None:
    key, _ = a_key()
    assert not opens(a_key()[1], key, now=THEN)


def test_no_secret_opens_an_id_without_a_key() -> None:
    assert not opens(a_key()[1], None, now=THEN)


def test_the_right_secret_opens_no_revoked_key() -> None:
    key, secret = a_key(revoked=THEN)
    assert not opens(secret, key, now=THEN)


@pytest.mark.parametrize(("now", "good"), [(THEN - 1, True), (THEN, False), (THEN + 1, False)])
def test_a_key_opens_until_it_expires(now: int, good: bool) -> None:
    key, secret = a_key(expires=THEN)
    assert opens(secret, key, now=now) is good


class Ring:
    """Keys that are asked for, which can be revoked and be away."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.asked: list[str] = []
        self.is_away = False

    def find(self, key_id: str) -> ApiKey | None:
        self.asked.append(key_id)
        if self.is_away:
            raise StoreUnavailable("away")
        return self.keys.get(key_id)


@pytest.fixture
def ring() -> Ring:
    ring = Ring()
    ring.keys["a"] = a_key()[0]
    return ring


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(ring: Ring, clock: Clock) -> KnownKeys:
    return KnownKeys(ring.find, clock=clock)


def test_a_key_is_read_once_for_many_requests(known: KnownKeys, ring: Ring, clock: Clock) -> None:
    for _ in range(100):
        assert known.find("a") == ring.keys["a"]
        clock.now += TRUSTED / 101
    assert ring.asked == ["a"]


def test_a_revocation_is_noticed_once_the_time_of_trust_is_over(known: KnownKeys, ring: Ring, clock: Clock) -> None:
    known.find("a")
    ring.keys["a"] = revoked = replace(ring.keys["a"], revoked=THEN)
    clock.now += TRUSTED
    assert known.find("a") == revoked


def test_while_one_request_reads_again_the_others_go_by_what_is_known(ring: Ring, clock: Clock) -> None:
    answers = []

    def slow(key_id: str) -> ApiKey | None:
        if ring.asked:
            # Other requests come while this one waits for Redis.
            answers.extend(known.find(key_id) for _ in range(50) if len(answers) < 50)
        return ring.find(key_id)

    known = KnownKeys(slow, clock=clock)
    known.find("a")
    clock.now += TRUSTED
    known.find("a")
    assert (ring.asked, answers) == (["a", "a"], [ring.keys["a"]] * 50)


def test_while_redis_is_away_a_known_key_is_good_for_a_while(known: KnownKeys, ring: Ring, clock: Clock) -> None:
    known.find("a")
    ring.is_away = True
    clock.now += LONGEST - 0.1
    assert known.find("a") == ring.keys["a"]


@pytest.mark.parametrize("asked_between", [False, True])
def test_while_redis_is_away_a_known_key_is_not_trusted_for_ever(
    known: KnownKeys, ring: Ring, clock: Clock, asked_between: bool
) -> None:
    known.find("a")
    ring.is_away = True
    clock.now += LONGEST - 0.1
    if asked_between:
        known.find("a")
    clock.now += 0.1
    with pytest.raises(StoreUnavailable):
        known.find("a")


def test_while_redis_is_away_not_every_request_asks_it(known: KnownKeys, ring: Ring, clock: Clock) -> None:
    known.find("a")
    ring.is_away = True
    clock.now += TRUSTED
    for _ in range(10):
        known.find("a")
    assert ring.asked == ["a", "a"]


def test_a_key_that_is_not_known_needs_redis(known: KnownKeys, ring: Ring) -> None:
    ring.is_away = True
    with pytest.raises(StoreUnavailable):
        known.find("a")


def test_an_id_without_a_key_is_asked_for_once_in_a_while(known: KnownKeys, ring: Ring, clock: Clock) -> None:
    assert [known.find("b"), known.find("b")] == [None, None]
    ring.keys["b"] = ring.keys["a"]
    clock.now += UNKNOWN_TRUSTED
    assert (known.find("b"), ring.asked) == (ring.keys["b"], ["b", "b"])


def test_invented_ids_push_out_no_key_and_are_forgotten_themselves(known: KnownKeys, ring: Ring) -> None:
    known.find("a")
    for number in range(MOST + 10):
        known.find(f"invented-{number}")
    known.find("a")
    known.find("invented-0")
    assert (ring.asked.count("a"), ring.asked.count("invented-0")) == (1, 2)


def test_the_keys_that_were_read_longest_ago_are_forgotten_first(known: KnownKeys, ring: Ring) -> None:
    key = ring.keys["a"]
    ring.keys |= {f"key-{number}": key for number in range(MOST)}
    for key_id in ring.keys:
        known.find(key_id)
    known.find(f"key-{MOST - 1}")
    known.find("a")
    assert (ring.asked.count(f"key-{MOST - 1}"), ring.asked.count("a")) == (1, 2)

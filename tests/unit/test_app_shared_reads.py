"""Shared reads: many who want the same at one moment cost one read, and nobody is told what was before they asked."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from waiting import eventually

from app.following.shared_reads import SharedRead, Turns
from jobs.errors import NoSuchJob, StoreUnavailable

MANY = 30


class Source:
    """Something that changes with each look, and can be held up in it."""

    def __init__(self) -> None:
        self.looks = 0
        #: Those who look now, and how many there were at most.
        self.looking = self.most = 0
        self.free = threading.Event()
        self._lock = threading.Lock()

    def look(self) -> int:
        with self._lock:
            self.looks += 1
            self.looking += 1
            self.most = max(self.most, self.looking)
            mine = self.looks
        self.free.wait(15)
        with self._lock:
            self.looking -= 1
        return mine


@pytest.fixture
def source() -> Source:
    return Source()


def has_looked(source: Source, times: int) -> Callable[[], bool]:
    return lambda: source.looks == times


def sharers(shared: SharedRead[int]) -> int:
    """How many wait for the look that has not begun."""
    following = shared._next
    return 0 if following is None else len(following._condition._waiters)


def test_all_who_come_while_one_looks_share_the_next_look(source: Source) -> None:
    shared = SharedRead(source.look, Turns(4))
    with ThreadPoolExecutor(MANY + 1) as pool:
        first = pool.submit(shared.read)
        eventually(has_looked(source, 1))
        rest = [pool.submit(shared.read) for _ in range(MANY)]
        # All but the one who is to look, who waits for the first to be done.
        eventually(lambda: sharers(shared) == MANY - 1)
        source.free.set()
        assert first.result(15) == 1
        assert {each.result(15) for each in rest} == {2}
    assert source.looks == 2


def test_only_so_many_look_at_a_time(source: Source) -> None:
    turns = Turns(3)
    with ThreadPoolExecutor(MANY) as pool:
        reads = [pool.submit(SharedRead(source.look, turns).read) for _ in range(MANY)]
        eventually(has_looked(source, 3))
        source.free.set()
        assert sorted(read.result(15) for read in reads) == list(range(1, MANY + 1))
    assert source.most == 3


def test_a_turn_that_does_not_come_is_told(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.following.shared_reads.LONGEST_TURN", 0.01)
    turns = Turns(1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(SharedRead(source.look, turns).read)
        eventually(has_looked(source, 1))
        with pytest.raises(StoreUnavailable):
            SharedRead(source.look, turns).read()
        source.free.set()
        assert first.result(15) == 1


@pytest.mark.parametrize("error", [NoSuchJob("x"), StoreUnavailable("away")])
def test_what_goes_wrong_is_told_to_all_and_the_next_look_is_new(error: Exception) -> None:
    answers: list[Exception | int] = [error, 7]

    def look() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    shared = SharedRead(look, Turns(1))
    with pytest.raises(type(error)):
        shared.read()
    assert shared.read() == 7


def test_nobody_waits_for_one_who_was_stopped_while_looking() -> None:
    def look() -> int:
        raise KeyboardInterrupt

    filled: Future[int] = Future()
    with pytest.raises(KeyboardInterrupt):
        SharedRead(look, Turns(1))._fill(filled)
    assert isinstance(filled.exception(0), StoreUnavailable)

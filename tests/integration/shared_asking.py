"""Greenlets that ask Redis over one shared connection; run as a program, which gevent has patched from its start.

``python -m shared_asking <scenario> <Redis URL>``, followed by what the scenario needs beside, prints what came of it
as JSON. Scenarios are the functions below.
"""

import gevent.monkey

gevent.monkey.patch_all()

import json  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import gevent  # noqa: E402
from redis import Redis  # noqa: E402
from redis.connection import AbstractConnection  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from app.serving.shared_wire import LONGEST, SharedWire  # noqa: E402
from jobs.connection import connect  # noqa: E402
from jobs.settings import load_settings  # noqa: E402
from jobs.wire import Argument, Reply  # noqa: E402

#: How long a scenario may wait for what must come, seconds.
PATIENCE = 20.0


def many(wire: SharedWire, other: Redis) -> object:
    """Hundreds ask at once, each something else."""
    asking = [gevent.spawn(wire.ask, "ECHO", number) for number in range(300)]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    return {"replies": [int(each.value) for each in asking], "connections": len(other.client_list(_type="normal")) - 1}


def broken(wire: SharedWire, other: Redis) -> object:
    """The connection is cut while many ask, again and again."""
    wire.ask("PING")
    asking = [gevent.spawn(_ask_often, wire, number) for number in range(20)]
    for _ in range(5):
        other.client_kill_filter(_type="normal", skipme=True)
        gevent.sleep(0.02)
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    # A connection that is cut twice within one question is Redis being away; whoever was told so was told the truth.
    return {"wrong": sum(each.value["wrong"] for each in asking), "right": sum(each.value["right"] for each in asking)}


def silent(wire: SharedWire, other: Redis) -> object:
    """Redis says nothing for a while, and goes on then."""
    wire.ask("PING")
    other.client_pause(1500)
    began = time.monotonic()
    asking = [gevent.spawn(_error_of, wire, "ECHO", number) for number in range(10)]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    took = time.monotonic() - began
    _until(lambda: _error_of(wire, "PING") == "")
    after = [int(wire.ask("ECHO", number)) for number in range(100)]
    return {"errors": sorted({each.value for each in asking}), "took": took, "after": after}


def given_up(wire: SharedWire, other: Redis) -> object:
    """Who asked is ended before the reply is there."""
    wire.ask("PING")
    other.client_pause(300)
    gone = gevent.spawn(wire.ask, "ECHO", "gone")
    asking = [gevent.spawn(wire.ask, "ECHO", number) for number in range(5)]
    gevent.sleep(0.01)
    gone.kill()
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    return [int(each.value) for each in asking]


def refused(wire: SharedWire, _: Redis) -> object:
    """Redis refuses some of what is asked at the same time."""
    asking = [
        gevent.spawn(_error_of, wire, *(("EVALSHA", "0" * 40, 0) if number % 2 else ("ECHO", number)))
        for number in range(10)
    ]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    return [each.value for each in asking]


def long(wire: SharedWire, other: Redis) -> object:
    """What is too long to let others wait goes its own way."""
    wire.ask("PING")
    said = wire.ask("ECHO", "x" * (LONGEST + 1))
    return {"length": len(said), "connections": len(other.client_list(_type="normal")) - 1}  # type: ignore[arg-type]


def away(wire: SharedWire, other: Redis) -> object:
    """Redis ends."""
    wire.ask("PING")
    other.shutdown(nosave=True)
    return [_error_of(wire, "PING") for _ in range(3)]


def unreachable(wire: SharedWire, other: Redis) -> object:
    """Redis takes connections, but says nothing, from before the first question."""
    other.client_pause(3000)
    began = time.monotonic()
    asking = [gevent.spawn(_error_of, wire, "ECHO", number) for number in range(20)]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    return {"errors": sorted({each.value for each in asking}), "took": time.monotonic() - began}


def timed_out(wire: SharedWire, other: Redis) -> object:
    """Who asks first gives up while the connection is made; Redis is reached over a slow path."""
    with gevent.Timeout(0.05, False):
        wire.ask("ECHO", "late")
    return [_text(wire.ask("ECHO", number)) for number in range(3)]


def interrupted(wire: SharedWire, other: Redis) -> object:
    """A signal comes when Redis was greeted and nothing of its reply is read; Redis is reached over a slow path."""
    signal.signal(signal.SIGUSR1, _interrupt)
    _signal_before_next_read()
    try:
        wire.ask("ECHO", "interrupted")
    except Interruption:
        return [_text(wire.ask("ECHO", number)) for number in range(3)]
    return "no signal came"


def read_only(wire: SharedWire, other: Redis) -> object:
    """The Redis that is asked becomes a replica of another one, and leads again later."""
    first = wire.ask("CLIENT", "ID")
    other.replicaof(*sys.argv[3:])
    refusal = _error_of(wire, "SET", "key", "value")
    second = wire.ask("CLIENT", "ID")
    # While it loads what its leader has, it refuses to lead.
    _until(lambda: _leads_again(other))
    return {
        "refusal": refusal,
        "is_another": first != second,
        "after": _text(wire.ask("SET", "key", "value")),
        "is_kept": wire.ask("CLIENT", "ID") == second,
        "connections": len(other.client_list(_type="normal")) - 1,
    }


def _leads_again(redis: Redis) -> bool:
    try:
        return bool(redis.replicaof("NO", "ONE"))
    except RedisError:
        return False


class Interruption(BaseException):
    """What the signal's handler raises."""


def _interrupt(_signal: int, _frame: object) -> None:
    raise Interruption


def _signal_before_next_read() -> None:
    with_reply = AbstractConnection.read_response

    def fail(connection: AbstractConnection, **how: bool) -> object:
        AbstractConnection.read_response = with_reply
        signal.raise_signal(signal.SIGUSR1)
        return with_reply(connection, **how)

    AbstractConnection.read_response = fail


def _text(reply: Reply) -> str:
    assert isinstance(reply, bytes), reply
    return reply.decode()


def _ask_often(wire: SharedWire, number: int) -> dict[str, int]:
    told = {"right": 0, "wrong": 0}
    for turn in range(50):
        try:
            said = wire.ask("ECHO", f"{number} {turn}")
        except RedisError:
            continue
        told["right" if said == f"{number} {turn}".encode() else "wrong"] += 1
    return told


def _error_of(wire: SharedWire, *command: Argument) -> str:
    """The name of the error that the command is answered with; "" for a reply."""
    try:
        _: Reply = wire.ask(*command)
    except RedisError as error:
        return type(error).__name__
    return ""


def _until(look: Callable[[], bool]) -> None:
    with gevent.Timeout(PATIENCE):
        while not look():
            gevent.sleep(0.02)


def main() -> None:
    """Plays the scenario."""
    scenario, url = sys.argv[1:3]
    from dataclasses import replace

    settings = replace(load_settings(), redis_url=url)
    wire = SharedWire(connect(settings).connection_pool)
    print(json.dumps(globals()[scenario](wire, Redis.from_url(url))))


if __name__ == "__main__":
    main()

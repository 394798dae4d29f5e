"""Greenlets that ask Redis over one shared connection; run as a program, which gevent has patched from its start.

``python -m shared_asking <scenario> <Redis URL>`` prints what came of it as JSON. Scenarios are the functions below.
"""

import gevent.monkey

gevent.monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import gevent  # noqa: E402
from redis import Redis  # noqa: E402
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
    _, scenario, url = sys.argv
    from dataclasses import replace

    settings = replace(load_settings(), redis_url=url)
    wire = SharedWire(connect(settings).connection_pool)
    print(json.dumps(globals()[scenario](wire, Redis.from_url(url))))


if __name__ == "__main__":
    main()

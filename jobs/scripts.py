"""The Lua scripts: loaded from ``jobs/lua`` once a process, run by hash."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import cast

from redis import Redis
from redis.commands.core import Script

from jobs.connection import reaching_redis

#: What a script receives.
Argument = str | bytes | int | float
#: What a script returns, as redis-py gives it.
Reply = bytes | int | None | list["Reply"]
#: The keys and arguments of one call.
Call = tuple[Sequence[str], Sequence[Argument]]


@cache
def _source(name: str) -> str:
    folder = files("jobs") / "lua"
    return (folder / "_moves.lua").read_text("utf-8") + (folder / f"{name}.lua").read_text("utf-8")


class Scripts:
    """The scripts on one connection."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._loaded: dict[str, Script] = {}

    def run(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Reply:
        """Runs the script of that name in one round trip.

        Raises:
            StoreUnavailable: Redis can't run it now.

        """
        with reaching_redis():
            return cast("Reply", self._script(name)(keys=keys, args=arguments))

    def run_each(self, name: str, calls: Sequence[Call]) -> list[Reply]:
        """Runs the script once for each keys and arguments, all in one round trip, though not as one.

        Raises:
            StoreUnavailable: Redis can't run it now.

        """
        script = self._script(name)
        with reaching_redis(), self._redis.pipeline(transaction=False) as pipeline:
            for keys, arguments in calls:
                script(keys=keys, args=arguments, client=pipeline)
            return cast("list[Reply]", pipeline.execute())

    def _script(self, name: str) -> Script:
        if name not in self._loaded:
            self._loaded[name] = self._redis.register_script(_source(name))
        return self._loaded[name]

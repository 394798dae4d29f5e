"""The Lua scripts: loaded from ``jobs/lua`` once a process, run by hash."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import cast

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from jobs.connection import reaching_redis
from jobs.wire import Argument, Reply, Wire, WireOf

__all__ = ["Argument", "Call", "Reply", "Scripts"]

#: Scripts that need nothing of what the others share; to set that up takes Redis as long as many a command.
ALONE = frozenset({"add_counts", "dataset_describe", "dispatched", "forget", "read", "submit"})

#: The keys and arguments of one call.
Call = tuple[Sequence[str], Sequence[Argument]]


@cache
def _source(name: str) -> str:
    folder = files("jobs") / "lua"
    script = (folder / f"{name}.lua").read_text("utf-8")
    return script if name in ALONE else (folder / "_moves.lua").read_text("utf-8") + script


class Scripts:
    """The scripts on one connection."""

    def __init__(self, redis: Redis, *, wire: WireOf = Wire) -> None:
        self._redis = redis
        self._wire = wire(redis.connection_pool)
        self._loaded: dict[str, Script] = {}

    def run(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Reply:
        """Runs the script of that name in one round trip; three where Redis doesn't know it yet.

        Raises:
            StoreUnavailable: Redis can't run it now.

        """
        script = self._script(name)
        call: tuple[Argument, ...] = ("EVALSHA", script.sha, str(len(keys)), *keys, *arguments)
        with reaching_redis():
            try:
                return self._wire.ask(*call)
            except NoScriptError:
                self._wire.ask("SCRIPT", "LOAD", _source(name))
                return self._wire.ask(*call)

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

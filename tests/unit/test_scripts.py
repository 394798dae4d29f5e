"""Which Lua scripts come with what they share: those that use it, and no others."""

import re
from importlib.resources import files

import pytest

from jobs.scripts import ALONE

LUA = {each.name.removesuffix(".lua"): each.read_text("utf-8") for each in (files("jobs") / "lua").iterdir()}

#: What `_moves.lua` defines.
SHARED = set(re.findall(r"^local (?:function )?(\w+)", LUA.pop("_moves"), re.MULTILINE))


def test_what_is_shared_is_found() -> None:
    assert {"now_ms", "conclude", "TIME_BOUNDS"} <= SHARED


@pytest.mark.parametrize("script", LUA)
def test_a_script_has_what_is_shared_if_it_uses_it(script: str) -> None:
    code = re.sub(r"--.*", "", LUA[script])
    used = SHARED & set(re.findall(r"\w+", code))
    assert bool(used) == (script not in ALONE), used


def test_every_script_that_stands_alone_is_there() -> None:
    assert set(LUA) >= ALONE

"""Which service a command means: that of the environment, of a data dir, or of the `coatcheck up` that runs here."""

import os
from dataclasses import replace
from pathlib import Path

from jobs.settings import Settings, is_given, load_settings
from stack.address import is_loopback
from stack.data_dir import DataDir
from stack.keys import redis_of


def meant_settings(data_dir: str | None) -> Settings:
    """The settings of the service that is meant; ``data_dir`` is the one that was named.

    Raises:
        SettingsError: a variable has a value that can't be used.
        StackError: no `coatcheck up` with an embedded Redis runs on the data dir that is named.

    """
    settings = load_settings()
    settings = replace(settings, redis_url=redis_of(settings, data_dir=data_dir))
    if data_dir is not None:
        settings = replace(settings, data_dir=str(Path(data_dir).absolute()))
    embedded = DataDir(Path(settings.data_dir).absolute()).embedded_redis()
    if embedded == settings.redis_url:
        settings = replace(settings, open=open_for_up(settings))
    return settings


def open_for_up(settings: Settings) -> bool:
    """Whether `coatcheck up` serves without keys: as a variable says, or the file that it names.

    Where nothing is said, it does on a loopback address, which nobody else reaches.
    """
    is_said = "COATCHECK_OPEN" in os.environ or is_given("open")
    return settings.open if is_said else is_loopback(settings.host)

"""A Flower of the tests' own, and what its pages are told."""

from pathlib import Path
from typing import Self

import httpx
from processes import START, Role
from waiting import eventually

from jobs.settings import Settings

#: What the page of tasks asks for: everything, by name.
_ALL = {"draw": "1", "start": "0", "length": "100", "order[0][column]": "0", "columns[0][data]": "name"}


class Flower(Role):
    """A Flower on a free port."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, ("flower",), folder / "flower.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.flower_port}{self.settings.flower_prefix}"

    def start(self) -> Self:
        super().start()
        try:
            eventually(self._is_there, within=START, saying="Flower did not start")
        except BaseException:
            self.end()
            raise
        return self

    def tasks(self) -> dict[str, dict[str, object]]:
        """The tasks that it knows, by their ids."""
        answer = httpx.get(f"{self.url}/tasks/datatable", params=_ALL, timeout=10)
        return {str(each["uuid"]): each for each in answer.json()["data"]}

    def workers(self) -> dict[str, dict[str, object]]:
        """The workers that it knows, by their names."""
        answer = httpx.get(f"{self.url}/", params={"json": "1"}, timeout=10)
        return {str(each["hostname"]): each for each in answer.json()["data"]}

    def _is_there(self) -> bool:
        assert self.running.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthcheck", timeout=1).text == "OK"
        except httpx.TransportError:
            return False

"""The process beside the service: it calls analyses as a script of one's own would, and tells how long that took.

It reads one JSON object a line, ``{"analysis": …, "params": …, "table": …}`` with the path of a CSV, and answers with
the seconds of the call alone, the table at hand: ``{"wall": …, "cpu": …}``.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson
from numpy.random import Generator

from tasks import Catalog, load_catalog
from tasks.data.frame import read_frame
from tasks.data.source import Source


class Silent:
    """A job that nobody listens to."""

    def __init__(self) -> None:
        self.id = ""
        self.seed = 0
        self.rng: Generator = np.random.default_rng(self.seed)

    def progress(self, fraction: float, stage: str = "", *, scores: Mapping[str, float] | None = None) -> None:
        """Heard by nobody."""

    def log(self, message: str) -> None:
        """Read by nobody."""

    def should_finish(self) -> bool:
        """Nobody is in a hurry."""
        return False

    def figure(self, name: str, figure: object, *, title: str = "") -> None:
        """Looked at by nobody."""

    def file(self, name: str, content: bytes | str | Path, *, media_type: str = "application/octet-stream") -> None:
        """Kept by nobody."""


def main() -> None:
    """Answers each line."""
    catalog = load_catalog(["tasks"], heavy=True)
    print("ready", flush=True)
    for line in sys.stdin:
        print(orjson.dumps(_called(catalog, orjson.loads(line))).decode(), flush=True)


def _called(catalog: Catalog, asked: dict[str, object]) -> dict[str, float]:
    analysis = catalog[str(asked["analysis"])]
    table = read_frame(Source.csv(Path(str(asked["table"])).read_bytes()))
    params, job = analysis.load(asked["params"]), Silent()
    wall, cpu = time.perf_counter(), time.process_time()
    analysis.run(table, job, params)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    main()

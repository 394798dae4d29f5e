"""What hostile and large bodies cost an API process: its peak memory, and how long it hears nobody else meanwhile.

Sends each to a fresh process and prints a table; ends with 1 if one was answered by a 5xx or not at all, or took more
memory than it may. Run ``PYTHONPATH=tests:tests/integration:tests/acceptance python -P bench/hostile.py``.
"""

import argparse
import contextlib
import gzip
import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import orjson
import psutil
import zstandard
from processes import Api

from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis, RedisAddress

#: Megabyte, bytes.
MB = 2**20

#: What a process may take at most beside what it takes at rest, as multiples of the largest body.
MOST = 4.0

RUN = "/analysis/describe/run"
JSON = "application/json"
FORM = "multipart/form-data; boundary=b"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One request."""

    name: str
    #: Makes the body; an iterator is sent in chunks.
    body: Callable[[], "bytes | Iterator[bytes]"]
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What it did."""

    #: 0 for no answer.
    status: int
    #: Until the answer, seconds.
    took: float
    #: Peak of the resident memory beside that at rest, bytes.
    memory: int
    #: Longest answer to ``GET /livez`` meanwhile, seconds.
    stall: float


def _records(size: int) -> bytes:
    row = orjson.dumps({f"c{column}": (0.5 * column, "text", None, column)[column % 4] for column in range(10)})
    return b'{"data":{"records":[' + b",".join([row] * (size // (len(row) + 1))) + b"]}}"


def _columns(size: int) -> bytes:
    cells = b",".join(b"%d" % number for number in range(size // 40))
    return b'{"data":{"columns":{"a":[' + cells + b'],"b":[' + cells + b'],"c":[' + cells + b"]}}}"


def _many(size: int, piece: bytes) -> bytes:
    return b'{"data":{"records":[' + b",".join([piece] * (size // (len(piece) + 1))) + b"]}}"


def _form(part: bytes) -> bytes:
    return b"--b\r\n" + part + b"\r\n--b--\r\n"


_FILE = b'Content-Disposition: form-data; name="data"; filename="t.csv"\r\n\r\n'

ATTACKS = (
    Attack(name="a small job", body=lambda: b'{"data":{"builtin":"iris"}}'),
    Attack(name="31 MB of records", body=lambda: _records(31 * MB)),
    Attack(name="31 MB of columns", body=lambda: _columns(31 * MB)),
    Attack(
        name="31 MB of records, gzip",
        body=lambda: gzip.compress(_records(31 * MB), 1),
        headers={"Content-Encoding": "gzip"},
    ),
    Attack(
        name="31 MB of records, zstd",
        body=lambda: zstandard.compress(_records(31 * MB)),
        headers={"Content-Encoding": "zstd"},
    ),
    Attack(name="31 MB CSV file", body=lambda: _form(_FILE + b"a,b\n" + b"1,2\n" * (31 * MB // 4)), content_type=FORM),
    Attack(name="31 MB of empty records", body=lambda: _many(31 * MB, b"{}")),
    Attack(name="31 MB of empty lists", body=lambda: _many(31 * MB, b"[]")),
    Attack(name="31 MB of one-cell records", body=lambda: _many(31 * MB, b'{"a":1}')),
    Attack(
        name="31 MB of distinct names",
        body=lambda: b'{"data":{"records":[' + b",".join(b'{"%d":1}' % n for n in range(31 * MB // 14)) + b"]}}",
    ),
    Attack(name="31 MB of params", body=lambda: b'{"params":[' + b"[]," * (31 * MB // 3) + b"0]}"),
    Attack(
        name="31 MB of unknown members",
        body=lambda: b"{" + b",".join(b'"%d":1' % n for n in range(31 * MB // 11)) + b"}",
    ),
    Attack(name="31 MB of one text", body=lambda: b'{"label":"' + b"x" * (31 * MB) + b'"}'),
    Attack(name="a key twice, 31 MB", body=lambda: _records(31 * MB)[:-3] + b',{"a":1,"a":2}]}}'),
    Attack(name="100,000 brackets", body=lambda: b"[" * 100_000),
    Attack(name="31 MB of brackets", body=lambda: b'{"data":{"records":' + b"[" * (31 * MB)),
    Attack(name="100 MB, declared", body=lambda: b" " * (100 * MB)),
    Attack(name="100 MB, in chunks", body=lambda: (b" " * MB for _ in range(100))),
    Attack(name="exactly the limit, in chunks", body=lambda: (b" " * MB for _ in range(32))),
    Attack(name="4 GB in 4 MB of gzip", body=lambda: _gzip_bomb(4096), headers={"Content-Encoding": "gzip"}),
    Attack(name="4 GB in 128 KB of zstd", body=lambda: _zstd_bomb(4096), headers={"Content-Encoding": "zstd"}),
    Attack(
        name="1.5 million empty gzip members",
        body=lambda: gzip.compress(b"") * 1_500_000,
        headers={"Content-Encoding": "gzip"},
    ),
    Attack(
        name="10,000 parts",
        body=lambda: b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 10_000 + b"--b--\r\n",
        content_type=FORM,
    ),
    Attack(
        name="a part's name of 31 MB",
        body=lambda: _form(b'Content-Disposition: form-data; name="' + b"x" * (31 * MB) + b'"\r\n\r\nx'),
        content_type=FORM,
    ),
    Attack(name="31 MB before the first part", body=lambda: b"\r\n--" * (31 * MB // 4), content_type=FORM),
    Attack(
        name="31 MB of boundary's beginnings", body=lambda: _form(_FILE + b"\r\n--" * (31 * MB // 4)), content_type=FORM
    ),
    Attack(
        name="a text field of 31 MB",
        body=lambda: _form(b'Content-Disposition: form-data; name="label"\r\n\r\n' + b"x" * (31 * MB)),
        content_type=FORM,
    ),
)


def _gzip_bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * MB, 9) * megabytes


def _zstd_bomb(megabytes: int) -> bytes:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(b"\0" * MB) for _ in range(megabytes)) + packer.flush()


def main() -> int:
    """Sends them all, prints the table and the verdict, returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only those whose name holds one of these")
    wanted = parser.parse_args().names
    chosen = [attack for attack in ATTACKS if not wanted or any(name in attack.name for name in wanted)]
    faults: list[str] = []
    print(f"{'body':<34} {'status':>6} {'s':>7} {'MB':>6} {'stall ms':>9}")
    with tempfile.TemporaryDirectory(prefix="coatcheck-") as name:
        folder = Path(name)
        with EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(socket=folder / "redis.sock")) as redis:
            settings = Settings(redis_url=redis.url, data_dir=name, open=True, log_level="warning")
            for attack in chosen:
                effect = _try(attack, settings, folder)
                print(_row(attack, effect), flush=True)
                faults += _faults(attack, effect, settings)
    print("\nVerdict:", "; ".join(faults) or "each was answered, within its memory.")
    return 1 if faults else 0


def _try(attack: Attack, settings: Settings, folder: Path) -> Effect:
    body = attack.body()
    with Api(settings, folder) as api:
        process = psutil.Process(api.running.pid).children()[0]
        _send(api.port, ATTACKS[0], ATTACKS[0].body())
        rest = process.memory_info().rss
        with _Probe(api.port) as probe:
            began = time.perf_counter()
            status = _send(api.port, attack, body)
            took = time.perf_counter() - began
        return Effect(status=status, took=took, memory=_peak(process.pid) - rest, stall=probe.longest)


def _send(port: int, attack: Attack, body: "bytes | Iterator[bytes]") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Content-Type": attack.content_type, "Connection": "close", **attack.headers}
    # Refused while it is still being sent, it may have an answer nevertheless.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", RUN, body=body, headers=headers)
    try:
        return connection.getresponse().status
    except (http.client.HTTPException, OSError):
        return 0
    finally:
        connection.close()


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


class _Probe:
    """Asks again and again whether the process answers."""

    def __init__(self, port: int) -> None:
        #: Longest wait for an answer, seconds.
        self.longest = 0.0
        self._port = port
        self._done = Event()
        self._thread = Thread(target=self._ask)

    def __enter__(self) -> "_Probe":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        while not self._done.wait(0.002):
            began = time.perf_counter()
            connection.request("GET", "/livez")
            connection.getresponse().read()
            self.longest = max(self.longest, time.perf_counter() - began)
        connection.close()


def _row(attack: Attack, effect: Effect) -> str:
    return (
        f"{attack.name:<34} {effect.status or '-':>6} {effect.took:>7.2f} {effect.memory / MB:>6.0f} "
        f"{effect.stall * 1000:>9.0f}"
    )


def _faults(attack: Attack, effect: Effect, settings: Settings) -> list[str]:
    found = []
    if not 200 <= effect.status < 500:
        found.append(f"{attack.name}: answered {effect.status}")
    if effect.memory > MOST * settings.max_body:
        found.append(f"{attack.name}: {effect.memory / MB:.0f} MB")
    return found


if __name__ == "__main__":
    sys.exit(main())

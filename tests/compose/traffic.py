"""Load as real clients make it: each hands in a job, polls it to its end and picks up its result, over and over."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx
from deployment import Deployment

#: Clients at once.
CLIENTS = 4

#: What each does between two requests, seconds: a crowd, not an attack.
PAUSE = 0.02


@dataclass
class Traffic:
    """Runs for as long as the block lasts; afterwards every job that was accepted has been seen to its end."""

    deployment: Deployment
    api_key: str
    #: How many answers of each method and status there were, and how many requests got none.
    answers: Counter[str] = field(default_factory=Counter)
    #: How each accepted job ended.
    ends: dict[str, str] = field(default_factory=dict)
    #: What went wrong, in words.
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._begun = time.monotonic()
        self._threads = [threading.Thread(target=self._be_a_client, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        took = time.monotonic() - self._begun
        print(f"\n{sum(self.answers.values())} requests in {took:.0f} s, {len(self.ends)} jobs: {dict(self.answers)}")

    def _be_a_client(self, number: int) -> None:
        with self.deployment.client(api_key=self.api_key) as client:
            for turn in itertools.count():
                if self._over.is_set():
                    return
                try:
                    # Half of them could be repeated by whoever loses the answer, half could not.
                    self._walk(client, keyed=(number + turn) % 2 == 0)
                except AssertionError as error:
                    self.failures.append(str(error))

    def _walk(self, client: httpx.Client, *, keyed: bool) -> None:
        headers = {"Idempotency-Key": str(uuid4())} if keyed else {}
        body = {"params": {"seconds": 0.1}}
        accepted = self._ask(client, "POST", "/analysis/pause/run", expected=202, json=body, headers=headers)
        job, place = accepted.json()["id"], accepted.headers["location"]
        self.ends[job] = "not seen to its end"
        ends = time.monotonic() + 120
        while (status := self._ask(client, "GET", place)).status_code == 202:
            assert time.monotonic() < ends, f"job {job} was not final within 120 s: {status.text}"
            time.sleep(0.1)
        assert status.status_code == 303, status.text
        self.ends[job] = status.json()["status"]
        self._ask(client, "GET", status.headers["location"], expected=200)

    def _ask(
        self, client: httpx.Client, method: str, url: str, *, expected: int | None = None, **content: object
    ) -> httpx.Response:
        time.sleep(PAUSE)
        try:
            answer = client.request(method, url, **content)  # type: ignore[arg-type]
        except httpx.TransportError as error:
            self.answers[f"{method} {type(error).__name__}"] += 1
            raise AssertionError(f"{method} {url}: {error!r}") from error
        self.answers[f"{method} {answer.status_code}"] += 1
        good = answer.status_code < 400 if expected is None else answer.status_code == expected
        assert good, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

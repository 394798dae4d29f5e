"""What the start of the API says about who may use it, and that a key is heeded by every process."""

from dataclasses import replace
from pathlib import Path

import requests
from running_api import running_api

from jobs.api_keys import Scope
from jobs.key_ring import opened_ring
from jobs.settings import Settings

#: A Redis that nobody runs.
NOWHERE = "redis://127.0.0.1:1/0"


def test_an_open_api_says_so(settings: Settings, tmp_path: Path) -> None:
    with running_api(settings.redis_url, tmp_path) as running:
        assert "without API keys" in running.logged("api.open")


def test_an_api_that_nobody_can_use_says_how_to_make_a_key(settings: Settings, tmp_path: Path) -> None:
    with running_api(settings.redis_url, tmp_path, OPEN="false") as running:
        assert "coatcheck keys create --name" in running.logged("api.no_keys")


def test_an_api_with_keys_counts_them_and_takes_them(settings: Settings, tmp_path: Path) -> None:
    with opened_ring(replace(settings, open=False)) as ring:
        _, text = ring.make("alice", [Scope.READ])
    with running_api(settings.redis_url, tmp_path, OPEN="false", NAMESPACE=settings.namespace) as running:
        assert "count=1" in running.logged("api.keys")
        header = {"Authorization": f"Bearer {text}"}
        answers = [requests.get(f"{running.url}/analysis", headers=header, timeout=15) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}


def test_an_api_without_redis_starts_all_the_same(tmp_path: Path) -> None:
    with running_api(NOWHERE, tmp_path, OPEN="false") as running:
        assert "reason=" in running.logged("api.keys_unknown")
        assert requests.get(f"{running.url}/livez", timeout=15).status_code == 200


def test_two_headers_over_the_socket_are_refused(settings: Settings, tmp_path: Path) -> None:
    with opened_ring(settings) as ring:
        _, text = ring.make("alice", [Scope.READ])
    twice = f"Authorization: Bearer {text}\r\n" * 2
    with running_api(settings.redis_url, tmp_path, OPEN="false", NAMESPACE=settings.namespace) as running:
        answer = running.speak(f"GET /analysis HTTP/1.1\r\nHost: x\r\n{twice}Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 401 ")

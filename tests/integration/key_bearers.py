"""Callers with API keys, for tests of the API where keys are asked for."""

from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.desk import Desk
from jobs.api_keys import Scope
from jobs.key_ring import KeyRing


@dataclass(frozen=True)
class Bearer:
    """A key and who sends it."""

    client: FlaskClient
    id: str
    text: str

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"}

    def ask(self, method: str, path: str, **options: object) -> TestResponse:
        return self.client.open(path, method=method, headers=self.header, **options)  # type: ignore[arg-type]

    def get(self, path: str) -> TestResponse:
        return self.ask("GET", path)

    def hand_in(self, analysis: str = "double") -> str:
        """The id of a job that was accepted."""
        answer = self.ask("POST", f"/analysis/{analysis}/run", json={"params": {"number": 1}})
        assert answer.status_code == 202, answer.get_data(as_text=True)
        return str(answer.json["id"])


def ring_of(app: Flask) -> KeyRing:
    """The keys of the service that this application serves."""
    desk = app.extensions["coatcheck"]
    assert isinstance(desk, Desk)
    return KeyRing(desk.store.redis, desk.store.keys)


def bearer(app: Flask, name: str = "alice", *scopes: Scope, days: float | None = None) -> Bearer:
    """A new key of this name; it may submit and read unless other scopes are named."""
    key, text = ring_of(app).make(name, scopes or (Scope.SUBMIT, Scope.READ), days=days)
    return Bearer(app.test_client(), key.id, text)

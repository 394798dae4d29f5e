"""What the tests of the API share: an application, its client, and a worker to move jobs by hand."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient
from key_bearers import Bearer, bearer

from app.factory import create_app
from jobs.leases import Leases
from jobs.settings import Settings


@pytest.fixture
def api_settings(settings: Settings) -> Settings:
    """Settings of an API that offers the built-in analyses and the samples."""
    return replace(settings, analyses=("samples", "tasks"), max_body=200_000)


@pytest.fixture
def app(api_settings: Settings) -> Iterator[Flask]:
    made = create_app(api_settings)
    yield made
    desk_of(made).followers.close()
    desk_of(made).internal_followers.close()
    desk_of(made).store.redis.close()
    desk_of(made).webhooks.internal.redis.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def leases(app: Flask) -> Leases:
    """A worker on the same jobs."""
    return Leases(desk_of(app).store, worker="worker-1")


@pytest.fixture
def guarded_app(api_settings: Settings) -> Iterator[Flask]:
    """An API that asks for keys, and reads them again at each request."""
    made = create_app(replace(api_settings, open=False))
    yield made
    desk_of(made).followers.close()
    desk_of(made).store.redis.close()


@pytest.fixture
def alice(guarded_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Bearer:
    """A caller whose key is looked at again at once, by requests and by streams."""
    monkeypatch.setattr("app.access.known_keys.TRUSTED", 0.0)
    monkeypatch.setattr("app.following.events.CHECK", 0.1)
    return bearer(guarded_app)

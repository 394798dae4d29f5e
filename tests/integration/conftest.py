"""What the tests of the API share: an application, its client, and a worker to move jobs by hand."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from desks import desk_of
from flask import Flask
from flask.testing import FlaskClient

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

"""What the tests of several analyses share."""

import pytest

from tasks.train import estimators


@pytest.fixture
def small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten trees show what a hundred show here."""
    monkeypatch.setattr(estimators, "TREES", 10)

"""Whether `coatcheck up` serves without keys."""

from pathlib import Path

import pytest

from jobs.settings import load_settings
from stack.meant import open_for_up


@pytest.mark.parametrize(("host", "is_open"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_where_nothing_is_said_only_this_machine_needs_no_key(
    monkeypatch: pytest.MonkeyPatch, host: str, is_open: bool
) -> None:
    monkeypatch.delenv("COATCHECK_OPEN", raising=False)
    monkeypatch.setenv("COATCHECK_HOST", host)
    assert open_for_up(load_settings()) is is_open


@pytest.mark.parametrize("said", ["true", "false"])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_what_a_variable_or_a_file_says_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, said: str
) -> None:
    monkeypatch.setenv("COATCHECK_HOST", host)
    monkeypatch.setenv("COATCHECK_OPEN", said)
    assert open_for_up(load_settings()) is (said == "true")
    monkeypatch.delenv("COATCHECK_OPEN")
    (tmp_path / "open").write_text(f"{said}\n")
    monkeypatch.setenv("COATCHECK_OPEN_FILE", str(tmp_path / "open"))
    assert open_for_up(load_settings()) is (said == "true")

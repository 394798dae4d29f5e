"""How much a run may attach."""

import os
from pathlib import Path

import pytest

from worker.attachments import Attachments, AttachmentsTooLarge


def test_what_is_too_large_leaves_its_room_to_others() -> None:
    attachments = Attachments(largest=10)
    with pytest.raises(AttachmentsTooLarge):
        attachments.add_file("large", b"x" * 11, media_type="text/plain")
    attachments.add_file("small", b"x" * 10, media_type="text/plain")
    assert [draft.name for draft in attachments.drafts] == ["small"]


def test_what_was_attached_before_counts() -> None:
    attachments = Attachments(largest=10)
    attachments.add_file("first", b"x" * 6, media_type="text/plain")
    with pytest.raises(AttachmentsTooLarge):
        attachments.add_file("second", b"x" * 5, media_type="text/plain")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 2**40)
    monkeypatch.delattr(Path, "read_bytes")
    with pytest.raises(AttachmentsTooLarge):
        Attachments(largest=10).add_file("large", path, media_type="text/plain")


def test_a_file_that_fits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"x" * 10)
    attachments = Attachments(largest=10)
    attachments.add_file("small", path, media_type="text/plain")
    assert attachments.drafts[0].content == b"x" * 10

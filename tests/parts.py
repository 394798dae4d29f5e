"""Parts that a machine may lack: a test that needs one is skipped with the reason, but in CI it runs and fails."""

import os
import shutil

import pytest


def needs_program(name: str) -> pytest.MarkDecorator:
    """Marks a test that runs this program."""
    lacking = shutil.which(name) is None and not os.environ.get("CI")
    return pytest.mark.skipif(lacking, reason=f"{name} is not installed")

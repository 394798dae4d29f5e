"""Parts that a machine may lack: a test that needs one is skipped with the reason, but in CI it runs and fails."""

import os
import shutil

import pytest


def needs_program(name: str, *, obtainable: bool = True) -> pytest.MarkDecorator:
    """Marks a test that runs this program; what CI can't install from its repositories is skipped there, too."""
    lacking = shutil.which(name) is None and not (os.environ.get("CI") and obtainable)
    return pytest.mark.skipif(lacking, reason=f"{name} is not installed")

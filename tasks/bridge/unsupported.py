"""scikit-learn's warnings about parts of a model that report nothing; to a job they are no news."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

#: What they begin with: one about estimators without callbacks, one about solvers without.
_MESSAGES = (r"The estimator \w+ does not support callbacks", r"Callbacks are only supported in ")


@contextmanager
def unsupported_ignored() -> Iterator[None]:
    """Ignore these warnings, and only these, inside the block."""
    with warnings.catch_warnings():
        for message in _MESSAGES:
            warnings.filterwarnings("ignore", message=message, category=UserWarning)
        yield

"""A test client that ends each answer as servers do: what is done at its end is done when the call returns."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class ClosingClient(FlaskClient):
    """Reads each answer to its end, and closes it."""

    def open(self, *arguments: object, **options: object) -> TestResponse:  # type: ignore[override]
        return super().open(*arguments, **{"buffered": True, **options})  # type: ignore[arg-type]

"""Who makes a request; the one place that says so."""

#: Everybody who comes without an API key, and so far that is everybody.
ANONYMOUS = "anonymous"


def caller() -> str:
    """Whose jobs this request may see, and whose the job is that it submits."""
    return ANONYMOUS

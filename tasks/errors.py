"""The errors of analyses and of their catalog; what HTTP makes of them is not decided here."""


class TasksError(Exception):
    """The root of every error that this package raises on its own."""


class AnalysisError(TasksError):
    """An analysis refuses its input; the text reaches the client, so it says what to change."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        #: What is wrong with the input and what to do about it, one or two sentences.
        self.message = message


class RetryLater(TasksError):
    """A run can't succeed now but may later: it is tried again after just this delay while the job has attempts left.

    After the last one the job fails with the text.
    """

    def __init__(self, message: str, *, delay: float) -> None:
        super().__init__(message)
        #: Why not now, one sentence; it reaches the client.
        self.message = message
        #: Seconds until the next attempt.
        self.delay = delay


class CatalogError(TasksError):
    """An analysis can't be declared or found; the text is one line that says where, why, and what is allowed."""

    def __init__(self, reason: str, *, where: str | None = None, parameter: str | None = None) -> None:
        #: Why, and what is allowed instead.
        self.reason = " ".join(reason.split())
        #: Dotted place, `package.module.function` or a module; None while it is not known yet.
        self.where = where
        #: The parameter at fault, if it is one.
        self.parameter = parameter
        named = f"parameter {parameter!r}" if parameter else None
        super().__init__(": ".join(part for part in (where, named, self.reason) if part))

    def at(self, where: str, *, parameter: str | None = None) -> "CatalogError":
        """The same reason with its place, for the caller who knows it."""
        return CatalogError(self.reason, where=self.where or where, parameter=self.parameter or parameter)

"""Why a file can't be read as a table, and where."""

from tasks.errors import AnalysisError


class FileRefused(AnalysisError):
    """A file can't be read as a table; the text says what to change."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        #: Line of the first thing wrong, from 1; None where there are no lines.
        self.line = line
        #: Character of that line, from 1; None where that says nothing.
        self.column = column

"""What a run attaches to its result: figures and files, held until the run has succeeded."""

from pathlib import Path

import orjson

from jobs.claims import Draft
from tasks.framework.figure import FIGURE_NAME, vega_lite_of
from tasks.framework.file import check_file

#: Most figures and files of one job.
MOST = 100

#: The media type of a figure as it is kept.
VEGA_LITE = "application/vnd.vegalite.v6+json"


class AttachmentsTooLarge(Exception):
    """Together they are larger than a result may be."""


class Attachments:
    """The figures and files of one run."""

    def __init__(self, *, largest: int) -> None:
        self._left = largest
        self._largest = largest
        self._drafts: dict[tuple[str, str], Draft] = {}

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What was attached, in that order."""
        return tuple(self._drafts.values())

    def add_figure(self, name: str, figure: object, *, title: str) -> None:
        """Attaches an Altair chart or a Vega-Lite specification.

        Raises:
            ValueError: the name can't be one, or is taken.
            tasks.framework.figure.FigureInvalid: it is no figure.
            AttachmentsTooLarge: with it there is more than a result may have.

        """
        if not FIGURE_NAME.fullmatch(name):
            raise ValueError(f"the name of a figure is 1 to 64 of a-z 0-9 _ -, not {name[:100]!r}")
        specification = vega_lite_of(figure)
        content = orjson.dumps(specification, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
        self._add(
            Draft(kind="figure", name=name, title=title or _title(specification), media_type=VEGA_LITE, content=content)
        )

    def add_file(self, name: str, content: bytes | str | Path, *, media_type: str) -> None:
        """Attaches a file: its bytes, its text (as UTF-8), or the path to read it from.

        Raises:
            ValueError: the name or the media type can't be one, or the name is taken.
            OSError: the path can't be read.
            AttachmentsTooLarge: with it there is more than a result may have.

        """
        check_file(name, media_type=media_type)
        if isinstance(content, Path):
            # Looked at before it is read: it may be larger than the memory.
            self._check_room(content.stat().st_size)
        read = content.read_bytes() if isinstance(content, Path) else content
        written = read.encode() if isinstance(read, str) else bytes(read)
        self._add(Draft(kind="file", name=name, title="", media_type=media_type, content=written))

    def _add(self, draft: Draft) -> None:
        if (draft.kind, draft.name) in self._drafts:
            raise ValueError(f"there is a {draft.kind} {draft.name!r} already")
        if len(self._drafts) >= MOST:
            raise ValueError(f"a job has at most {MOST} figures and files")
        self._check_room(len(draft.content))
        self._left -= len(draft.content)
        self._drafts[draft.kind, draft.name] = draft

    def _check_room(self, size: int) -> None:
        if size > self._left:
            raise AttachmentsTooLarge(f"The figures and files have more than {self._largest} bytes.")


def _title(specification: dict[str, object]) -> str:
    """The title that the figure itself has, or ""."""
    title = specification.get("title", "")
    if isinstance(title, dict):
        title = title.get("text", "")
    return " ".join(map(str, title)) if isinstance(title, list) else str(title)

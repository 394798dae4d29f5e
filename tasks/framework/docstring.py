"""What an analysis' docstring says, read as numpydoc: https://numpydoc.readthedocs.io/en/latest/format.html."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docstring_parser import Docstring, DocstringParam, DocstringStyle, parse

#: Sections that describe parameters; `Attributes` and others have the same form and mean something else.
_PARAMETER_SECTIONS = ("param", "other_param")


@dataclass(frozen=True)
class Documentation:
    """A docstring, taken apart."""

    #: The first line, or "".
    summary: str
    #: The paragraphs between the summary and the first section, or "".
    description: str
    #: Parameter name → its description on one line, in the order of the docstring.
    parameters: dict[str, str]


def read_docstring(function: Callable[..., object]) -> Documentation:
    """Summary, description and the lines of the `Parameters` section; all empty without a docstring."""
    parsed = parse(function.__doc__, style=DocstringStyle.NUMPYDOC)
    return Documentation(
        summary=(parsed.short_description or "").strip(),
        description=_unwrapped(parsed.long_description or ""),
        parameters=dict(_parameters(parsed)),
    )


def _parameters(parsed: Docstring) -> Iterator[tuple[str, str]]:
    for item in parsed.meta:
        if isinstance(item, DocstringParam) and item.args[0] in _PARAMETER_SECTIONS:
            # numpydoc writes parameters that share a description on one line: `width, height : int`.
            for name in item.arg_name.split(","):
                yield name.strip().lstrip("*"), _unwrapped(item.description or "")


def _unwrapped(text: str) -> str:
    """Paragraphs without the line breaks that only the width of the source asks for."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))

"""Which files a new analysis has, where they go, and what stands in them."""

import keyword
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from stack.errors import StackError

#: What the name may be: a name in URLs that is a Python name as well.
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
#: Names that the files use themselves, or that pytest takes for its own.
RESERVED = re.compile(r"analysis|run|pytest|conftest|test_.*")
#: The folder of tests, beside the package.
TESTS = "tests"


class NewRefused(StackError):
    """The analysis can't be written; the text says what to do instead."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be written."""

    name: str
    #: Dotted name of the package that the analysis belongs to.
    package: str
    #: The folder from which the package is imported.
    root: Path
    #: The file of the test.
    test: Path
    #: Content by path.
    content: Mapping[Path, str]

    def write(self) -> None:
        """Write every file.

        Raises:
            NewRefused: one of them exists, or can't be written; those before it are taken away again.

        """
        written: list[Path] = []
        try:
            for path, text in self.content.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("x", encoding="utf-8") as file:
                    written.append(path)
                    file.write(text)
        except OSError as error:
            for path in written:
                path.unlink(missing_ok=True)
            raise NewRefused(f"{error.filename or 'a file'} can't be written: {error.strerror}.") from None


def plan_files(name: str, *, into: Path | None) -> Plan:
    """The files of a new analysis: in a new package of its name in this folder, or in the package given by its folder.

    Raises:
        NewRefused: the name can't be used, the package is none, or a file exists.

    """
    _refuse_name(name)
    folder = Path(name) if into is None else into
    if into is None:
        _refuse_module(name)
    elif not (into / "__init__.py").is_file():
        raise NewRefused(f"{into} is no package: it has no __init__.py. Make one, or leave --into out.")
    package, root = _dotted(folder)
    test = (root.parent if root.resolve().name == "src" else root) / TESTS / f"test_{name}.py"
    said = {"name": name, "package": package}
    content = {folder / f"{name}.py": _filled("analysis.py", said), test: _filled("test.py", said)}
    if into is None:
        content = {folder / "__init__.py": _filled("package.py", said), **content}
    _refuse_existing(content)
    return Plan(name=name, package=package, root=root, test=test, content=content)


def _refuse_name(name: str) -> None:
    if not NAME.fullmatch(name):
        suggested = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        hint = f" Try {suggested}." if NAME.fullmatch(suggested) else ""
        raise NewRefused(
            f"the name {name!r} can't be used; it begins with a-z, goes on with a-z, 0-9 or _, "
            f"and has at most 64 characters.{hint}"
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise NewRefused(f"{name!r} is a word of Python itself; choose another name, such as {name}_table.")
    if RESERVED.fullmatch(name):
        raise NewRefused(f"{name!r} has a meaning in the files or in pytest; choose another name.")


def _refuse_module(name: str) -> None:
    """Refuse a package whose name hides a module, or is hidden by one."""
    if name in sys.stdlib_module_names or find_spec(name) is not None:
        raise NewRefused(f"there is a module {name!r} already; choose another name, or add to a package by --into.")


def _dotted(folder: Path) -> tuple[str, Path]:
    """The dotted name of a package, and the folder from which it is imported."""
    resolved = folder.resolve()
    names = [resolved.name]
    root = resolved.parent
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    if not all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        raise NewRefused(f"{folder} can't be imported: {'.'.join(names)!r} is no name of a package.")
    return ".".join(names), Path(os.path.relpath(root))


def _filled(template: str, said: Mapping[str, str]) -> str:
    text = files("stack.scaffold").joinpath("templates", f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(said)


def _refuse_existing(content: Mapping[Path, str]) -> None:
    existing = [str(path) for path in content if path.exists()]
    if existing:
        raise NewRefused(f"already there: {', '.join(existing)}; nothing was written. Choose another name.")

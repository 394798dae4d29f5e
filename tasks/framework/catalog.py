"""The catalog: which analyses there are, found in packages without registration."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from operator import attrgetter
from types import MappingProxyType, ModuleType

from tasks.errors import CatalogError
from tasks.framework.declaration import Analysis

#: The entry-point group by which an installed package offers analyses: a package, a module, or `module:analysis`.
ENTRY_POINTS = "coatcheck.analyses"
#: The module of an analysis' folder that declares it and is light.
_DECLARATION = "params"
#: The module of an analysis' folder that computes; only workers import it.
_COMPUTATION = "analysis"


@dataclass(frozen=True, eq=False)
class Catalog(Mapping[str, Analysis]):
    """Name → analysis, in alphabetical order; frozen."""

    _analyses: Mapping[str, Analysis]

    def __getitem__(self, name: str) -> Analysis:
        return self._analyses[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._analyses)

    def __len__(self) -> int:
        return len(self._analyses)


def load_catalog(packages: Sequence[str], *, heavy: bool = False) -> Catalog:
    """Every analysis of the packages and of those that installed packages offer.

    Looked for are the package itself and its direct submodules, except for names that begin with an underscore; a
    subpackage with a module `params` through that module only. `heavy` also imports the `analysis` module beside it, as
    a worker wants. Raises CatalogError, one line, for a package that can't be imported or has no analysis, for a
    function that can't be declared, and for two analyses of one name.
    """
    found: dict[str, Analysis] = {}
    for package in packages:
        for analysis in _searched(package, heavy=heavy):
            _add(found, analysis)
    for entry_point in entry_points(group=ENTRY_POINTS):
        for analysis in _offered(entry_point, heavy=heavy):
            _add(found, analysis)
    return Catalog(MappingProxyType(dict(sorted(found.items()))))


def _add(found: dict[str, Analysis], analysis: Analysis) -> None:
    other = found.setdefault(analysis.name, analysis)
    if other is not analysis:
        raise CatalogError(
            f"two analyses are named {analysis.name!r}, {other.place} and {analysis.place}; "
            "rename one by @analysis(name=…)"
        )


def _offered(entry_point: EntryPoint, *, heavy: bool) -> list[Analysis]:
    if not entry_point.attr:
        return _searched(entry_point.module, heavy=heavy)
    try:
        offered = attrgetter(entry_point.attr)(_imported(entry_point.module))
    except AttributeError as error:
        raise CatalogError(f"the entry point {entry_point.name!r} names nothing: {error}", where=ENTRY_POINTS) from None
    if not isinstance(offered, Analysis):
        raise CatalogError(
            f"the entry point {entry_point.value!r} is no analysis; is @analysis missing?", where=ENTRY_POINTS
        )
    return [offered]


def _searched(package: str, *, heavy: bool) -> list[Analysis]:
    found = [analysis for module in _modules(package, heavy=heavy) for analysis in _analyses_in(module)]
    if not found:
        raise CatalogError(
            "no analysis was found there or in its direct submodules; is @analysis missing?", where=package
        )
    return found


def _analyses_in(module: ModuleType) -> list[Analysis]:
    return [value for value in vars(module).values() if isinstance(value, Analysis)]


def _modules(package: str, *, heavy: bool) -> Iterator[ModuleType]:
    root = _imported(package)
    yield root
    for info in pkgutil.iter_modules(getattr(root, "__path__", ())):
        # Private by convention, and __main__ would run a program.
        if not info.name.startswith("_"):
            yield _declaring(f"{package}.{info.name}", is_package=info.ispkg, heavy=heavy)


def _declaring(name: str, *, is_package: bool, heavy: bool) -> ModuleType:
    """The module in which analyses are looked for, on behalf of a submodule."""
    module = _imported(name)
    if not is_package or find_spec(f"{name}.{_DECLARATION}") is None:
        return module
    if heavy and find_spec(f"{name}.{_COMPUTATION}") is not None:
        _imported(f"{name}.{_COMPUTATION}")
    return _imported(f"{name}.{_DECLARATION}")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except CatalogError:
        raise
    except Exception as error:
        # An import runs a stranger's code, which may raise anything; the start must end with one line that names it.
        raise CatalogError(f"it can't be imported: {type(error).__name__}: {error}", where=name) from error

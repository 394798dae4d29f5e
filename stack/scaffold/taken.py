"""Names of analyses that are taken: by the built-in ones, by installed packages, and by the package at hand."""

import sys

from stack.scaffold.plan import NewRefused, Plan
from tasks import CatalogError, load_catalog


def refuse_taken(plan: Plan) -> None:
    """Raise NewRefused if a service that has the plan's package would find two analyses of the name."""
    sys.path.insert(0, str(plan.root))
    try:
        for packages in (("tasks",), (plan.package,)):
            _refuse_found(plan.name, packages)
    finally:
        sys.path.remove(str(plan.root))


def _refuse_found(name: str, packages: tuple[str, ...]) -> None:
    try:
        found = load_catalog(packages).get(name)
    except CatalogError:
        # A new package, or one without analyses yet; what is broken there is said when it is started.
        return
    if found is not None:
        raise NewRefused(f"there is an analysis {name!r} already ({found.place}); choose another name.")

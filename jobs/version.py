"""Which version of the service this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def service_version() -> str:
    """The version that is installed, "0" where the code runs without being installed."""
    try:
        return version("coatcheck-service")
    except PackageNotFoundError:
        return "0"

"""The demonstration behind `coatcheck demo`: a real analysis of a real table over HTTP, shown step by step.

The table is wine.csv: the UCI wine data set (Aeberhard and Forina, 1992; 178 Italian wines of three cultivars, 13
chemical measurements; CC BY 4.0; https://doi.org/10.24432/C5PC7J), as scikit-learn bundles it, with its columns named
plainly and the class as text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

from rich.console import Console

from coatcheck.address import without_login
from coatcheck.client import Client
from coatcheck.errors import CoatcheckError, ConnectionLost, UnexpectedAnswer
from coatcheck.local_stack import local_stack
from coatcheck.report import metrics_table, progress_shown, walk_lines
from coatcheck.walk import Exchange

#: Enough folds that one sees the bar move.
PARAMS = {"target": "cultivar", "estimator": "random_forest", "folds": 20}

#: How often the live display asks, seconds; oftener than the server would like, to show the movement.
_ASK = 0.25

#: How long the job may take, seconds.
_AT_MOST = 180.0


def demonstrate(url: str, *, api_key: str | None = None) -> None:
    """Upload a table, train a model on it, and show every request; with a server of its own if none runs at ``url``.

    ``api_key`` is for the server at ``url``; ``None``: the one of ``COATCHECK_API_KEY``.

    Raises:
        CoatcheckError: it failed; the text is the reason.

    """
    if not url.startswith(("http://", "https://")):
        raise CoatcheckError(f"{without_login(url)!r} is no URL of a server; it begins with http:// or https://.")
    console = Console()
    exchanges: list[Exchange] = []
    with (
        _server(url, console, api_key=api_key) as (address, key),
        Client(address, api_key=key, on_exchange=exchanges.append) as client,
    ):
        _show(client, exchanges, console)


@contextmanager
def _server(url: str, console: Console, *, api_key: str | None) -> Iterator[tuple[str, str | None]]:
    """URL and key of a server: the one that runs at ``url``, else one of our own until the end, which needs no key."""
    shown = without_login(url)
    if _runs_at(url):
        console.print(f"Using the Coatcheck at {shown}")
        yield url, api_key
        return
    console.print(f"No Coatcheck at {shown}: starting one (Redis, API, worker) …")
    with local_stack() as own:
        console.print(f"It runs at {own}")
        yield own, ""
        console.print("Stopping it …")


def _runs_at(url: str) -> bool:
    with Client(url) as client:
        try:
            workers = client.workers()
        except (ConnectionLost, UnexpectedAnswer):
            return False
    if not workers:
        raise CoatcheckError(f"The Coatcheck at {without_login(url)} has no worker that is ready.")
    return True


def _show(client: Client, exchanges: list[Exchange], console: Console) -> None:
    with as_file(files("coatcheck") / "wine.csv") as table:
        console.print(f"Uploading {table.name}: 178 wines, 13 measurements; can they tell the cultivar?")
        ticket = client.submit("train", file=table, params=PARAMS)
        console.print(f"The ticket: {ticket.job.id}")
        try:
            with progress_shown(console) as show:
                ticket.wait(on_progress=show, at_most=_AT_MOST, every=_ASK)
            result = ticket.result()
        finally:
            console.print("\nThe walk:")
            for line in walk_lines(exchanges):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()
    console.print(metrics_table(result))
    console.print("baseline: a model that ignores the measurements")

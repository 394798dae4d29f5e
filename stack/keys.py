"""The verbs `coatcheck keys …`; what they need is imported only when they run, as every `coatcheck` loads this."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from jobs.api_keys import ApiKey, Scope
    from jobs.key_ring import KeyRing
    from jobs.settings import Settings

keys = typer.Typer(
    help="Make, list and revoke API keys, in the Redis of COATCHECK_REDIS_URL or of a running `coatcheck up`.",
    no_args_is_help=True,
)

_DataDir = Annotated[str | None, typer.Option(help="Data dir of the running `coatcheck up` whose keys they are.")]

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

#: Days that a key can be good for at most.
_MOST_DAYS = 36_500

#: Submissions in a minute that a key can be limited to at most.
_MOST_RATE = 1_000_000


@keys.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="Whose key it is; jobs belong to the name. Several keys can share it.")],
    scopes: Annotated[str, typer.Option(help="Of submit, read, admin; separated by commas.")] = "submit,read",
    expires_in_days: Annotated[
        float | None, typer.Option(min=0.001, max=_MOST_DAYS, help="Good for so many days; for ever without.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=_MOST_RATE, help="Good for so many submissions a minute.")
    ] = None,
    data_dir: _DataDir = None,
    as_json: _AsJson = False,
) -> None:
    """Make a key and print it; it is shown this once only."""
    with _opened(data_dir) as ring:
        try:
            key, text = ring.make(name, _scopes(scopes), days=expires_in_days, rate=rate)
        except ValueError as error:
            _give_up(str(error))
    if as_json:
        _print_json({**_document(key), "key": text})
        return
    # The key alone goes to the output, so that a script can take it from there.
    typer.echo(f"The key {key.id} of {key.name} ({_words(key)}). It is shown this once only; keep it safe:", err=True)
    typer.echo(text)
    typer.echo("Send it as `Authorization: Bearer <key>`, or set COATCHECK_API_KEY for the client.", err=True)


@keys.command("list")
def list_(*, data_dir: _DataDir = None, as_json: _AsJson = False) -> None:
    """List every key that was made, with its state; the keys themselves are kept nowhere."""
    with _opened(data_dir) as ring:
        found = ring.all()
    if as_json:
        _print_json([_document(key) for key in found])
        return
    if not found:
        typer.echo("There are no keys; `coatcheck keys create --name …` makes one.", err=True)
    widest = max((len(key.name) for key in found), default=0)
    for key in found:
        typer.echo(f"{key.id}  {key.name:<{widest}}  {_words(key)}")


@keys.command()
def revoke(
    *,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, or the whole key.")],
    data_dir: _DataDir = None,
) -> None:
    """End a key for good; it opens nothing any more within 10 seconds."""
    from jobs.api_keys import parts_of

    parts = parts_of(key_id)
    with _opened(data_dir) as ring:
        key = ring.revoke(parts[0] if parts else key_id)
    if key is None:
        _give_up("there is no key of this id; `coatcheck keys list` lists them")
    typer.echo(f"The key {key.id} of {key.name}: {_words(key)}.")


@contextmanager
def _opened(data_dir: str | None) -> Iterator["KeyRing"]:
    """The keys of the service that is meant; what goes wrong is one line, and the end."""
    from jobs.errors import SettingsError, StoreUnavailable
    from jobs.key_ring import opened_ring
    from jobs.masking import without_password
    from jobs.settings import load_settings
    from stack.errors import StackError

    try:
        settings = load_settings()
        settings = replace(settings, redis_url=redis_of(settings, data_dir=data_dir))
        with opened_ring(settings) as ring:
            yield ring
    except (SettingsError, StackError) as error:
        _give_up(str(error))
    except StoreUnavailable as error:
        _give_up(
            f"Redis at {without_password(settings.redis_url)} can't be used: {error}. COATCHECK_REDIS_URL names "
            "another one, and --data-dir that of a running `coatcheck up`."
        )


def redis_of(settings: "Settings", *, data_dir: str | None) -> str:
    """The Redis that holds the keys: of the data dir that is named, of the variable, or of the `coatcheck up` here.

    Raises:
        StackError: no `coatcheck up` with an embedded Redis runs on the data dir that is named.

    """
    from jobs.settings import is_given
    from stack.data_dir import DataDir
    from stack.errors import StackError

    if data_dir is None and is_given("redis_url"):
        return settings.redis_url
    folder = Path(data_dir or settings.data_dir).absolute()
    embedded = DataDir(folder).embedded_redis()
    if data_dir is not None and embedded is None:
        raise StackError(f"no `coatcheck up` with a Redis of its own runs on {folder}")
    return embedded or settings.redis_url


def _scopes(said: str) -> list["Scope"]:
    from jobs.api_keys import Scope

    names = [name.strip() for name in said.split(",") if name.strip()]
    unknown = [name for name in names if name not in [*Scope]]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no scope; there are {', '.join(Scope)}")
    return [Scope(name) for name in names]


def _document(key: "ApiKey") -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created": _moment(key.created),
        "expires": _moment(key.expires),
        "revoked": _moment(key.revoked),
        "rate": key.rate,
    }


def _words(key: "ApiKey") -> str:
    """Scopes, limits and state of a key, for a person."""
    limit = [f"{key.rate} submissions a minute"] if key.rate else []
    return "; ".join([", ".join(sorted(key.scopes)), *limit, _state(key)])


def _state(key: "ApiKey") -> str:
    if key.revoked is not None:
        return f"revoked {_moment(key.revoked)}"
    if key.expires is None:
        return "good until it is revoked"
    good = key.is_good(datetime.now(UTC).timestamp() * 1000)
    return f"{'good until' if good else 'expired'} {_moment(key.expires)}"


def _moment(milliseconds: int | None) -> str | None:
    """The time as ISO 8601, to the second."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat().replace("+00:00", "Z")


def _print_json(document: object) -> None:
    import json

    typer.echo(json.dumps(document, indent=2))


def _give_up(reason: str) -> NoReturn:
    typer.echo(f"coatcheck keys: {reason}", err=True)
    raise typer.Exit(1)

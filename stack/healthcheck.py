"""The verb `coatcheck healthcheck`, for containers: one line, and exit code 0 or 1."""

import http.client
import json
import socket
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jobs.roster import Role
    from jobs.settings import Settings

#: How long the API may take to answer, seconds.
_PATIENCE = 3.0


def healthcheck(
    role: Annotated[str, typer.Argument(help="api, worker or internal.")],
    *,
    ready: Annotated[
        bool, typer.Option("--ready", help="Fail, too, for what a restart would not mend, such as Redis being away.")
    ] = False,
) -> None:
    """Say whether the API or a worker on this machine does its work; exit with 0 or 1."""
    from jobs.errors import SettingsError
    from jobs.roster import Role
    from jobs.settings import load_settings

    if role not in list(Role):
        raise typer.BadParameter(f"{role} is none of {', '.join(Role)}", param_hint="ROLE")
    try:
        settings = load_settings()
    except SettingsError as error:
        _tell(str(error), healthy=False)
    if role == Role.API:
        _tell_api(settings, ready=ready)
    _tell_worker(settings, Role(role), ready=ready)


def _tell_api(settings: "Settings", *, ready: bool) -> None:
    from stack.address import Address

    address = Address(host=settings.host, port=settings.port)
    path = "/readyz" if ready else "/livez"
    connection = http.client.HTTPConnection(address.local_host, address.port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = _said(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        _tell(f"the API does not answer at port {address.port}: {str(error) or 'no answer'}", healthy=False)
    finally:
        connection.close()
    _tell(f"{path} says {said.get('detail') or said.get('status')}", healthy=answer.status == 200)


def _said(body: bytes) -> dict[str, object]:
    """The answer's JSON object; where something else than the API listens, there may be none."""
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("what answers says no JSON object")
    return document


def _tell_worker(settings: "Settings", role: "Role", *, ready: bool) -> None:
    """Asks the roster; where nobody can be asked, a restart would not help."""
    from jobs.errors import StoreUnavailable
    from jobs.roster import Roster
    from jobs.store import Store

    host = socket.gethostname()
    try:
        members = Roster(Store(settings)).members(role)
    except StoreUnavailable as error:
        _tell(f"Redis can't say whether this worker lives: {error}", healthy=not ready)
    here = [member for member in members if member.host == host]
    if not here:
        _tell(f"no process of the role {role} on {host} was heard of lately", healthy=False)
    busy, slots = sum(member.busy for member in here), sum(member.slots for member in here)
    _tell(f"{len(here)} of the role {role} on {host}, {busy} of {slots} slots busy", healthy=True)


def _tell(line: str, *, healthy: bool) -> None:
    typer.echo(f"{'healthy' if healthy else 'unhealthy'}: {line}")
    raise typer.Exit(0 if healthy else 1)

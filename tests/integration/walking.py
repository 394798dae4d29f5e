"""Steps of the walk, for tests of the API: handing in a job, and moving it as a worker does."""

from flask.testing import FlaskClient
from submissions import NOTHING
from werkzeug.test import TestResponse

from jobs.claims import Claim
from jobs.job import Cause, Failure
from jobs.leases import Leases

#: An id that can be, but is nobody's.
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def hand_in(client: FlaskClient, analysis: str = "double", **body: object) -> str:
    """The id of a job that was accepted."""
    answer = client.post(f"/analysis/{analysis}/run", json={"params": {"number": 1}, **body})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return str(answer.json["id"])


def started(client: FlaskClient, leases: Leases, **body: object) -> Claim:
    """A job that a worker has claimed."""
    return leases.claim(hand_in(client, **body))


def succeeded(client: FlaskClient, leases: Leases, result: bytes = b'{"doubled":2}') -> str:
    """The id of a job with this result."""
    claim = started(client, leases)
    leases.succeed(claim, result, metrics=NOTHING)
    return claim.job.id


def failed(client: FlaskClient, leases: Leases, cause: Cause, message: str = "It failed.") -> str:
    """The id of a job that failed so."""
    claim = started(client, leases)
    leases.fail(claim, Failure(cause=cause, message=message), metrics=NOTHING)
    return claim.job.id


def canceled(client: FlaskClient) -> str:
    """The id of a job that was canceled while it was queued."""
    job_id = hand_in(client)
    client.delete(f"/jobs/{job_id}")
    return job_id


def poll(client: FlaskClient, job_id: str) -> TestResponse:
    return client.get(f"/queuedResource/{job_id}/status")


def outcome(client: FlaskClient, job_id: str, **options: object) -> TestResponse:
    return client.get(f"/resource/{job_id}/result", **options)


def slug(answer: TestResponse) -> str:
    """The end of a problem's type; fails for what is no problem."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)
    assert answer.json["status"] == answer.status_code
    return str(answer.json["type"]).rpartition("/problems/")[2]

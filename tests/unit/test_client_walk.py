"""The client's walk, against a stand-in server: submit, poll, pick up, and every way in which it can fail."""

import json
import socket
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from client_stand_in import ID, RESULT, RESULT_PATH, STATUS_PATH, StandIn, standing_in

from coatcheck import Client, CoatcheckError, ConnectionLost, Exchange, Job, Problem, WaitTimeout
from coatcheck.errors import UnexpectedAnswer


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in(StandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


def test_a_submit_gives_a_ticket(client: Client) -> None:
    ticket = client.submit("describe", data={"builtin": "iris"})
    assert (ticket.job.id, ticket.job.status) == (ID, "queued")


def test_data_and_params_are_sent_as_json(server: StandIn, client: Client) -> None:
    client.submit("cluster", data={"builtin": "iris"}, params={"clusters": 3})
    method, path, body = server.requests[-1]
    assert (method, path) == ("POST", "/analysis/cluster/run")
    assert json.loads(body) == {"data": {"builtin": "iris"}, "params": {"clusters": 3}}


def test_an_analysis_without_data_gets_none(server: StandIn, client: Client) -> None:
    client.submit("double", params={"number": 21})
    assert json.loads(server.requests[-1][2]) == {"params": {"number": 21}}


def test_a_file_is_uploaded_as_multipart(server: StandIn, client: Client, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    client.submit("train", file=table, params={"target": "b"})
    body = server.requests[-1][2]
    assert b'name="data"; filename="table.csv"' in body
    assert b'name="params"\r\n\r\n{"target": "b"}' in body


def test_waiting_ends_with_the_final_job(client: Client) -> None:
    job = client.submit("describe", data={"builtin": "iris"}).wait()
    assert (job.status, job.is_final) == ("succeeded", True)


def test_progress_is_told_at_each_poll(client: Client) -> None:
    seen: list[Job] = []
    client.submit("describe", data={"builtin": "iris"}).wait(on_progress=seen.append)
    assert [(job.progress, job.stage) for job in seen] == [(25, "fold 1"), (50, "fold 2"), (100, "")]


def test_the_result_is_found_where_the_303_says(server: StandIn, client: Client) -> None:
    result = client.submit("describe", data={"builtin": "iris"}).result()
    assert (result, server.requests[-1][1]) == (RESULT, RESULT_PATH)


def test_the_walk_is_told_as_it_happens(server: StandIn) -> None:
    walk: list[Exchange] = []
    with Client(server.url, on_exchange=walk.append) as client:
        client.submit("describe", data={"builtin": "iris"}).result()
    assert [one.status for one in walk] == [202, 202, 202, 303, 200]


def test_an_exchange_has_what_a_newcomer_should_see(server: StandIn) -> None:
    walk: list[Exchange] = []
    with Client(server.url, on_exchange=walk.append) as client:
        client.submit("describe", data={"builtin": "iris"})
    location = server.url + STATUS_PATH
    assert walk == [
        Exchange(method="POST", path="/analysis/describe/run", status=202, location=location, retry_after="0")
    ]


def test_the_server_s_retry_after_is_honoured(server: StandIn, client: Client) -> None:
    server.retry_after, server.pending = "1", 1
    begun = time.monotonic()
    client.submit("describe", data={"builtin": "iris"}).wait()
    assert time.monotonic() - begun >= 1


def test_a_live_display_may_ask_oftener(server: StandIn, client: Client) -> None:
    server.retry_after = "30"
    begun = time.monotonic()
    client.submit("describe", data={"builtin": "iris"}).wait(every=0.01)
    assert time.monotonic() - begun < 10


def test_waiting_can_be_bounded(server: StandIn, client: Client) -> None:
    server.retry_after, server.pending = "0.01", 10**6
    with pytest.raises(WaitTimeout, match=f"The job {ID} was still running after 0.1 s"):
        client.submit("describe", data={"builtin": "iris"}).wait(at_most=0.1)


@pytest.mark.parametrize(
    ("asked", "held"),
    [({}, "wait=30"), ({"on_progress": print}, "wait=1"), ({"every": 5.5}, "wait=5"), ({"at_most": 3.5}, "wait=3")],
    ids=str,
)
def test_the_server_is_asked_to_hold_its_answer(
    server: StandIn, client: Client, asked: dict[str, Any], held: str
) -> None:
    server.pending = 0
    client.submit("describe", data={"builtin": "iris"}).wait(**asked)
    assert server.headers[-1]["prefer"] == held


def test_a_server_that_held_its_answer_is_asked_again_at_once(server: StandIn, client: Client) -> None:
    server.retry_after, server.holds = "30", True
    begun = time.monotonic()
    client.submit("describe", data={"builtin": "iris"}).wait()
    assert time.monotonic() - begun < 15


def test_options_are_sent_beside_the_params(server: StandIn, client: Client, tmp_path: Path) -> None:
    client.submit("cluster", data={"builtin": "iris"}, webhook="https://example.org/told", seed=7)
    told = {"webhook": "https://example.org/told", "seed": 7}
    assert json.loads(server.requests[-1][2]) == {"data": {"builtin": "iris"}, "params": {}, **told}
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    client.submit("train", file=table, label="nightly", timeout=2.5)
    body = server.requests[-1][2]
    assert b'name="label"\r\n\r\nnightly\r\n' in body
    assert b'name="timeout"\r\n\r\n2.5\r\n' in body


def test_a_job_is_canceled(server: StandIn, client: Client) -> None:
    client.submit("describe", data={"builtin": "iris"}).cancel()
    assert server.requests[-1][:2] == ("DELETE", f"/jobs/{ID}")


def test_a_refused_submit_carries_the_problem(server: StandIn, client: Client) -> None:
    fields = {"params": {"clusters": ["Must be at least 2."]}}
    document = {"type": "/problems/invalid", "title": "Invalid request", "detail": "See errors.", "errors": fields}
    server.refusal = (422, document)
    with pytest.raises(Problem) as caught:
        client.submit("cluster", data={"builtin": "iris"}, params={"clusters": 1})
    problem = caught.value
    assert (problem.status, problem.type, problem.title) == (422, "/problems/invalid", "Invalid request")
    assert (problem.detail, problem.errors) == ("See errors.", fields)


def test_a_failed_job_carries_the_problem(server: StandIn, client: Client) -> None:
    server.outcome = (424, {"title": "The analysis failed", "detail": "Time limit."})
    with pytest.raises(Problem, match="The analysis failed: Time limit"):
        client.submit("describe", data={"builtin": "iris"}).result()


def test_a_proxy_s_error_page_is_a_problem_too(server: StandIn, client: Client) -> None:
    server.refusal = (502, "<html>bad gateway</html>")
    with pytest.raises(Problem, match="502 Bad Gateway"):
        client.submit("describe", data={"builtin": "iris"})


def test_a_success_that_is_no_202_is_unexpected(server: StandIn, client: Client) -> None:
    server.refusal = (200, {"hello": "world"})
    with pytest.raises(UnexpectedAnswer, match="200 where a 202"):
        client.submit("describe", data={"builtin": "iris"})


def test_nobody_there_is_a_lost_connection() -> None:
    with socket.socket() as bound:
        # Bound but not listening: refuses every connection, and nobody else can take the port.
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with Client(url) as client, pytest.raises(ConnectionLost, match=f"No answer from {url}"):
            client.workers()


@pytest.mark.parametrize("url", ["no-url", "ftp://host", "http://[::1", "http://host:port"])
def test_an_address_that_is_no_url_is_told_in_one_line(url: str) -> None:
    with pytest.raises(CoatcheckError) as caught, Client(url) as client:
        client.workers()
    assert "\n" not in str(caught.value)


def test_workers_are_counted(server: StandIn, client: Client) -> None:
    server.workers = 3
    assert client.workers() == 3


def test_a_server_that_is_not_ready_has_no_count(server: StandIn, client: Client) -> None:
    server.workers = None
    assert client.workers() is None


def test_another_program_is_not_taken_for_a_coatcheck(server: StandIn, client: Client) -> None:
    server.workers = "stranger"
    with pytest.raises(UnexpectedAnswer):
        client.workers()


def test_the_shipped_table_is_the_wine_data() -> None:
    head, *rows = (files("coatcheck") / "wine.csv").read_text().splitlines()
    assert (len(rows), len(head.split(",")), head.split(",")[-1]) == (178, 14, "cultivar")
    assert {row.rsplit(",", 1)[1] for row in rows} == {"cultivar A", "cultivar B", "cultivar C"}

"""The Python client against a real service: data sets, events, waits, batches."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from processes import Api, Role, Worker

from coatcheck import Client, Problem
from jobs.settings import Settings
from stack.redis_server import EmbeddedRedis


@pytest.fixture(scope="module")
def client(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("client")
    settings = Settings(
        redis_url=redis_server.url,
        namespace="client",
        data_dir=str(folder),
        analyses=("samples", "tasks"),
        open=True,
        heartbeat=0.2,
    )
    internal = Role(settings, ("worker", "--internal"), folder / "internal.log")
    with internal, Worker(settings, folder, concurrency=1), Api(settings, folder) as api, Client(api.url) as client:
        yield client


def test_a_data_frame_is_uploaded_described_used_listed_and_deleted(client: Client) -> None:
    table = pd.DataFrame({"city": ["Rome", "Oslo"], "price": [1.5, 2.25]})
    dataset = client.datasets.upload(table, name="prices", wait=30)
    assert (dataset.name, dataset.state, dataset.rows) == ("prices", "ready", 2)
    result = client.submit("describe", data=dataset).result()
    assert [profile["column"] for profile in result["profiles"]] == ["city", "price"]  # type: ignore[attr-defined,index]
    assert dataset.id in [each.id for each in client.datasets.list()]
    client.datasets.delete(dataset)
    with pytest.raises(Problem) as refused:
        client.datasets.get(dataset.id)
    assert refused.value.status == 404


def test_a_file_is_uploaded_by_its_path(client: Client, tmp_path: Path) -> None:
    table = tmp_path / "prices.csv"
    table.write_text("city;price\nRome;1,5\n")
    dataset = client.datasets.upload(table, wait=30)
    assert (dataset.name, dataset.rows) == ("prices.csv", 1)


def test_a_job_is_followed_to_its_end_and_its_story_told_again(client: Client) -> None:
    ticket = client.submit("nap", params={"seconds": 0.5}, label="siesta")
    told = list(ticket.events())
    assert [event.id for event in told] == list(range(1, len(told) + 1))
    assert {event.kind for event in told} == {"status", "progress", "completed"}
    assert told[-1].data["status"] == "succeeded"
    assert list(client.ticket(ticket.job.id).events()) == told


def test_the_end_of_a_job_is_told_at_once(client: Client) -> None:
    asked: list[str] = []
    with Client(client.url, on_exchange=lambda exchange: asked.append(exchange.path)) as watched:
        ticket = watched.submit("nap", params={"seconds": 3})
        assert ticket.wait().status == "succeeded"
    # The submission, and one question that is held until the end.
    assert len(asked) <= 3


def test_a_running_job_is_canceled(client: Client) -> None:
    ticket = client.submit("nap", params={"seconds": 600})
    next(event for event in ticket.events() if event.kind == "progress")
    assert ticket.cancel().status in {"canceling", "canceled"}
    assert ticket.wait(at_most=60).status == "canceled"


def test_a_batch_is_handed_in_waited_for_and_picked_up(client: Client) -> None:
    batch = client.submit_batch("double", [{"params": {"number": number}} for number in range(5)])
    assert batch.wait(at_most=60).counts["succeeded"] == 5
    assert [ticket.result()["doubled"] for ticket in batch.tickets()] == [0, 2, 4, 6, 8]


def test_a_webhook_that_can_t_be_is_refused(client: Client) -> None:
    with pytest.raises(Problem) as refused:
        client.submit("double", params={"number": 1}, webhook="http://127.0.0.1/told")
    assert refused.value.status == 422

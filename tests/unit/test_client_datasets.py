"""Data sets and batches of the client, against a stand-in server: what is sent, and what is made of the answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from client_stand_in import ID, StandIn, standing_in

from coatcheck import Client, Dataset, WaitTimeout

OTHER = "01990000-0000-7000-8000-000000000002"

DATASET = {"id": ID, "name": "prices.csv", "state": "ready", "size": 8, "rows": 1}

CSV = b"a,b\n1,2\n"


@dataclass
class Keeper(StandIn):
    """Has two data sets, and a batch of two jobs that ends when it was asked for often enough."""

    #: How often the batch is still active.
    active: int = 1

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], object]:
        if path.startswith("/datasets"):
            return self._of_datasets(method, path)
        if path.endswith("/batch"):
            return 202, {"Location": f"{self.url}/batches/{ID}", "Retry-After": "0"}, self._batch("active")
        if path.startswith("/batches"):
            self.active -= 1
            return 200, {"Retry-After": "0.01"}, self._batch("active" if self.active >= 0 else "ended")
        if path.startswith("/jobs/"):
            links = {"status": self.url + path.replace("jobs", "queuedResource") + "/status"}
            return 200, {}, {"id": path.removeprefix("/jobs/"), "status": "queued", "links": links}
        return super().answer(method, path)

    def _of_datasets(self, method: str, path: str) -> tuple[int, dict[str, str], object]:
        if method == "DELETE":
            return 204, {}, ""
        if method == "POST":
            return 201, {}, DATASET
        if urlsplit(path).path != "/datasets":
            return 200, {}, DATASET
        if "cursor" in path:
            return 200, {}, {"datasets": [{**DATASET, "id": OTHER}]}
        return 200, {"Link": f'<{self.url}/datasets?cursor={ID}>; rel="next"'}, {"datasets": [DATASET]}

    def _batch(self, status: str) -> dict[str, object]:
        jobs = [{"id": job_id, "status": "queued"} for job_id in (ID, OTHER)]
        return {"id": ID, "status": status, "counts": {"queued": 2}, "jobs": jobs}


@pytest.fixture
def server() -> Iterator[Keeper]:
    with standing_in(Keeper()) as keeper:
        assert isinstance(keeper, Keeper)
        yield keeper


@pytest.fixture
def client(server: Keeper) -> Iterator[Client]:
    with Client(server.url) as connected:
        yield connected


def query_of(server: Keeper) -> dict[str, list[str]]:
    return parse_qs(urlsplit(server.requests[-1][1]).query)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_is_uploaded_by_its_path(server: Keeper, client: Client, tmp_path: Path, as_text: bool) -> None:
    table = tmp_path / "prices.csv"
    table.write_bytes(CSV)
    dataset = client.datasets.upload(str(table) if as_text else table)
    assert (dataset.id, dataset.state, dataset.rows) == (ID, "ready", 1)
    assert (server.requests[-1][2], query_of(server)) == (CSV, {"name": ["prices.csv"]})
    assert server.headers[-1]["content-type"] == "application/octet-stream"


def test_a_file_that_is_open_already_is_uploaded(server: Keeper, client: Client) -> None:
    client.datasets.upload(BytesIO(CSV), name="prices", expires_in=60, wait=5)
    assert (server.requests[-1][2], query_of(server)) == (CSV, {"name": ["prices"], "expires_in": ["60"]})
    assert server.headers[-1]["prefer"] == "wait=5"


def test_a_time_of_nothing_is_said_for_the_server_to_refuse(client: Client, server: Keeper) -> None:
    client.datasets.upload(BytesIO(CSV), expires_in=0)
    assert query_of(server) == {"expires_in": ["0"]}


def test_a_data_frame_is_uploaded_as_parquet(server: Keeper, client: Client) -> None:
    table = pd.DataFrame({"when": pd.to_datetime(["2026-01-31"]), "price": [1.5]})
    client.datasets.upload(table, name="prices")
    assert server.headers[-1]["content-type"] == "application/vnd.apache.parquet"
    pd.testing.assert_frame_equal(pd.read_parquet(BytesIO(server.requests[-1][2])), table)


def test_the_list_goes_on_where_the_server_says(client: Client) -> None:
    assert [dataset.id for dataset in client.datasets.list()] == [ID, OTHER]


def test_a_data_set_is_got_and_deleted(server: Keeper, client: Client) -> None:
    dataset = client.datasets.get(ID)
    assert dataset == Dataset(id=ID, name="prices.csv", state="ready", size=8, rows=1, document=DATASET)
    client.datasets.delete(dataset)
    assert server.requests[-1][:2] == ("DELETE", f"/datasets/{ID}")


def test_a_data_set_is_handed_in_by_its_id(server: Keeper, client: Client) -> None:
    dataset = client.datasets.get(ID)
    client.submit("describe", data=dataset)
    assert json.loads(server.requests[-1][2])["data"] == {"dataset": ID}
    client.submit_batch("describe", [{"data": dataset, "seed": 1}])
    assert json.loads(server.requests[-1][2]) == {"items": [{"data": {"dataset": ID}, "seed": 1}]}


def test_a_batch_is_waited_for(client: Client) -> None:
    batch = client.submit_batch("double", [{"params": {"number": 1}}, {"params": {"number": 2}}])
    seen: list[bool] = []
    batch.wait(on_progress=lambda batch: seen.append(batch.is_final))
    assert (seen, batch.job_ids, batch.counts) == ([False, True], [ID, OTHER], {"queued": 2})


def test_waiting_for_a_batch_can_be_bounded(server: Keeper, client: Client) -> None:
    server.active = 10**6
    with pytest.raises(WaitTimeout, match=f"The batch {ID} was still active after 0.1 s"):
        client.submit_batch("double", [{"params": {"number": 1}}]).wait(at_most=0.1)


def test_a_batch_is_canceled(server: Keeper, client: Client) -> None:
    client.submit_batch("double", [{"params": {"number": 1}}]).cancel()
    assert server.requests[-1][:2] == ("DELETE", f"/batches/{ID}")


def test_each_job_of_a_batch_has_a_ticket(server: Keeper, client: Client) -> None:
    tickets = list(client.submit_batch("double", [{}, {}]).tickets())
    assert [ticket.status_url for ticket in tickets] == [
        f"{server.url}/queuedResource/{ID}/status",
        f"{server.url}/queuedResource/{OTHER}/status",
    ]

"""The table of legal moves."""

import pytest

from jobs.job import FINAL, MOVES, JobStatus, is_id, new_id


def test_the_table_names_every_status() -> None:
    assert set(MOVES) == set(JobStatus)


def test_the_final_statuses_are_the_three_ends() -> None:
    assert {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED} == FINAL


@pytest.mark.parametrize("status", [status for status in JobStatus if status not in FINAL])
def test_every_unfinished_job_can_reach_an_end(status: JobStatus) -> None:
    reached, frontier = {status}, {status}
    while frontier:
        frontier = {following for each in frontier for following in MOVES[each]} - reached
        reached |= frontier
    assert reached & FINAL


def test_ids_are_uuid7_and_sort_by_their_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert all(is_id(one) for one in ids)


A_UUID4 = "0193a5f4-7c00-4000-8000-000000000000"
AN_ID = "0193a5f4-7c00-7abc-8000-000000000000"


@pytest.mark.parametrize("text", ["", "1", "x" * 36, A_UUID4, AN_ID.upper(), "{" + AN_ID + "}", AN_ID + "\n"])
def test_other_spellings_are_no_ids(text: str) -> None:
    assert not is_id(text)

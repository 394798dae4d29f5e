"""What a run takes."""

from worker.meter import Meter


def test_the_peak_of_memory_is_that_of_this_run() -> None:
    before = Meter().read().peak_memory
    meter = Meter()
    block = bytearray(64 * 2**20)
    during = meter.read().peak_memory
    assert during - before >= 0.9 * len(block)
    del block
    assert Meter().read().peak_memory < during - 32 * 2**20


def test_cpu_time_is_measured_apart_from_waiting() -> None:
    meter = Meter()
    while meter.read().cpu < 0.05:
        sum(range(10_000))
    taken = meter.read()
    assert taken.wall >= taken.cpu * 0.5

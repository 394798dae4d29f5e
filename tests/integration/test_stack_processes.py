"""The process manager of `coatcheck up`, on small stand-in processes: crashes, hangs, stops in order, force."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from stand_ins import PROGRAM, SERVANT, STUBBORN, StandIns, is_gone
from waiting import eventually


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[StandIns]:
    stand_ins = StandIns(place=tmp_path)
    yield stand_ins
    if stand_ins.process is not None:
        stand_ins.process.kill()
        stand_ins.process.wait()
    for path in tmp_path.glob("*.pids"):
        for pid in path.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def test_lines_carry_their_role_and_are_aligned(stack: StandIns) -> None:
    stack.start_servants("api", "worker")
    stack.wait_for_line("worker | hello from worker")
    assert stack.wait_for_line("api    | hello from api")


def test_a_line_that_is_written_in_pieces_is_printed_whole(stack: StandIns) -> None:
    pieces = 'import sys\nfor piece in ("one ", "two ", "three\\n"): sys.stdout.write(piece); sys.stdout.flush()\n'
    stack.start({"api": pieces + SERVANT.format(name="api")})
    assert stack.wait_for_line("api | one two three")


def test_what_a_process_said_last_is_printed_in_full(stack: StandIns) -> None:
    stack.start({"api": "import sys\nfor n in range(2000): print('word', n)\nsys.exit(4)"}, ready_files=["/none"])
    stack.end()
    assert "api | word 1999\n" in stack.output


def test_a_killed_process_is_started_again(stack: StandIns) -> None:
    stack.start_servants("api", "worker")
    before = stack.forget_pids("api")
    os.kill(before[0], signal.SIGKILL)
    eventually((stack.place / "api.pids").exists, within=20)
    assert stack.pids("api")[0] != before[0]


def test_it_never_gives_up_on_a_process(stack: StandIns) -> None:
    stack.start_servants("api")
    for _ in range(7):
        os.kill(stack.forget_pids("api")[0], signal.SIGKILL)
        eventually((stack.place / "api.pids").exists, within=20)
    assert not is_gone(stack.pids("api")[0])


def test_the_children_of_a_killed_process_end_with_it(stack: StandIns) -> None:
    stack.start_servants("worker")
    parent, child = stack.forget_pids("worker")
    os.kill(parent, signal.SIGKILL)
    eventually(lambda: is_gone(child), within=20)


def test_a_restart_is_reported(stack: StandIns) -> None:
    stack.start_servants("worker")
    os.kill(stack.pids("worker")[0], signal.SIGKILL)
    assert stack.wait_for_line("worker was killed by signal 9; starting it again.")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_order(stack: StandIns, signum: int) -> None:
    stack.start_servants("redis", "api", "worker")
    stack.signal(signum)
    code = stack.end()
    assert (code, (stack.place / "stops").read_text().split()) == (0, ["worker", "api", "redis"])


def test_an_idle_stack_stops_within_five_seconds(stack: StandIns) -> None:
    stack.start_servants("redis", "api", "worker")
    begun = time.monotonic()
    stack.signal(signal.SIGTERM)
    stack.end()
    assert time.monotonic() - begun < 20


def test_a_process_that_hangs_is_killed_at_a_stop_with_its_children(stack: StandIns) -> None:
    stack.start_servants("redis", "worker", grace=1)
    hanging = stack.pids("worker")
    os.kill(hanging[0], signal.SIGSTOP)
    stack.signal(signal.SIGTERM)
    assert stack.end() == 0
    assert all(map(is_gone, hanging))


def test_a_second_signal_kills_at_once(stack: StandIns) -> None:
    stack.start({"stubborn": STUBBORN}, grace=600)
    stack.wait_for_line("READY")
    stack.signal(signal.SIGINT)
    stack.wait_for_line("Stopping")
    stack.signal(signal.SIGINT)
    assert stack.end(within=15) == 0
    assert all(map(is_gone, stack.pids("stubborn")))


def test_nothing_outlives_a_stack_that_was_killed(stack: StandIns) -> None:
    stack.start_servants("redis", "worker")
    sockets = Path(stack.wait_for_line("READY").split()[1])
    stack.running.kill()
    eventually(lambda: all(map(is_gone, stack.pids("redis") + stack.pids("worker"))), within=20)
    eventually(lambda: not sockets.exists(), within=20)


def test_a_killed_stack_can_be_started_again_at_once(stack: StandIns) -> None:
    stack.start_servants("redis", "worker")
    before = [stack.forget_pids("redis"), stack.forget_pids("worker")]
    stack.running.kill()
    stack.end()
    stack.start_servants("redis", "worker")
    assert all(is_gone(pid) for pids in before for pid in pids)


def test_a_second_stack_on_the_same_data_is_refused_in_one_line(stack: StandIns) -> None:
    stack.start_servants("redis")
    command = [sys.executable, PROGRAM, stack.place / "spec.json"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=15)
    wanted = f"Another `coatcheck up` (process {stack.running.pid}) runs on {stack.place / 'data'}.\n"
    assert (second.returncode, second.stderr) == (1, wanted)


def test_a_role_that_cannot_start_is_reported_with_its_own_words(stack: StandIns) -> None:
    stack.start({"redis": SERVANT.format(name="redis"), "api": "import sys; print('PORT=x: no'); sys.exit(2)"})
    code = stack.end()
    assert (code, stack.errors) == (1, "api could not start: PORT=x: no\n")
    eventually(lambda: not (stack.place / "redis.pids").exists() or is_gone(stack.pids("redis")[0]), within=20)


def test_a_program_that_does_not_exist_is_reported(stack: StandIns) -> None:
    stack.start({"api": "import os; os.execv('/no/such', ['x'])"})
    assert (stack.end(), "api could not start: FileNotFoundError" in stack.errors) == (1, True)


def test_a_stack_that_does_not_get_ready_ends_with_the_reason(stack: StandIns) -> None:
    stack.start({"stubborn": STUBBORN}, ready_files=["/no/such/file"], deadline=1, grace=0.2)
    code = stack.end()
    assert (code, stack.errors) == (1, "Not ready within 1 s: file is missing\n")
    assert all(map(is_gone, stack.pids("stubborn")))


def test_a_stop_during_the_start_is_heard(stack: StandIns) -> None:
    stack.start({"api": SERVANT.format(name="api")}, ready_files=["/no/such/file"])
    stack.wait_for_line("api | hello")
    stack.signal(signal.SIGTERM)
    assert stack.end(within=15) == 0


def test_a_stop_that_takes_its_time_prints_no_errors(stack: StandIns) -> None:
    stack.start({"stubborn": STUBBORN}, grace=2.5)
    stack.wait_for_line("READY")
    stack.signal(signal.SIGTERM)
    assert (stack.end(), stack.errors) == (0, "")


def test_no_tcp_port_is_opened(stack: StandIns) -> None:
    stack.start_servants("api")
    manager = psutil.Process(stack.running.pid)
    connections = [
        found for process in (manager, *manager.children(recursive=True)) for found in process.net_connections("inet")
    ]
    assert connections == []

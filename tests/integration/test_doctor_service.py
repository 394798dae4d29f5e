"""The doctor on the service around Redis: storage, queue, processes, keys, limits, and the command itself."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from buckets import a_bucket
from click.testing import Result
from doctored import announce, furnish, now_of
from submissions import submitted
from typer.testing import CliRunner

from app.serving.descriptors import MOST_CONNECTIONS
from coatcheck.cli import build_app
from jobs.internal import internal_settings, internal_submission
from jobs.job import new_id
from jobs.leases import Leases
from jobs.queues.handover import Handover
from jobs.roster import Role
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from jobs.version import service_version
from stack.data_dir import DataDir, telling_redis
from stack.doctor import storage
from stack.doctor.examination import examine
from stack.doctor.finding import Finding, Verdict
from stack.doctor.limits import OPEN_FILES
from stack.doctor.storage import check_space, check_storage

#: Runs `coatcheck doctor`.
Doctor = Callable[..., Result]


@pytest.fixture
def service(settings: Settings) -> Settings:
    """Settings with times as in production, so that they fit together."""
    return replace(settings, open=False, heartbeat=1, lease=15)


@pytest.fixture
def store(service: Settings) -> Iterator[Store]:
    opened = Store(service)
    yield opened
    opened.redis.close()


@pytest.fixture
def doctor(service: Settings, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """The command, with the environment of this test's service."""
    for name in [name for name in os.environ if name.startswith("COATCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COATCHECK_REDIS_URL", service.redis_url)
    monkeypatch.setenv("COATCHECK_NAMESPACE", service.namespace)
    monkeypatch.setenv("COATCHECK_DATA_DIR", service.data_dir)
    return lambda *arguments: CliRunner().invoke(build_app(), ["doctor", *arguments])


def the(check: str, service: Settings) -> Finding:
    return examine(service)[check]


def test_storage_that_can_be_used_is_left_as_it_was(service: Settings) -> None:
    assert check_storage(service).verdict is Verdict.OK
    assert [path for path in Path(service.data_dir).rglob("*") if path.is_file()] == []


def test_storage_that_can_not_be_written_fails(service: Settings, tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    assert check_storage(service).verdict is Verdict.FAIL


def test_storage_whose_package_is_missing_fails_and_the_rest_is_looked_at(service: Settings) -> None:
    found = examine(replace(service, blob_url="dropbox://folder"))
    assert (found["storage"].verdict, found["redis"].verdict) == (Verdict.FAIL, Verdict.UNKNOWN)
    assert "dropbox" in found["storage"].found.lower()
    assert "times" in found


def test_a_full_disk_fails(service: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    full, original = Path("/dev/full"), Path.open
    if not full.exists():
        pytest.skip("this system has no /dev/full")

    def open_full(path: Path, mode: str = "r", **options: object) -> object:
        return original(full if path.suffix == ".part" else path, mode, **options)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(Path, "open", open_full)
    found = check_storage(service)
    assert (found.verdict, "No space left" in found.found) == (Verdict.FAIL, True)


def test_a_bucket_is_written_and_has_room(service: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_bucket() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        there, lacking = replace(service, blob_url=bucket.url), replace(service, blob_url="s3://nosuchbucket/blobs")
        verdicts = [check(there).verdict for check in (check_storage, check_space)]
        assert (verdicts, check_storage(lacking).verdict) == ([Verdict.OK, Verdict.OK], Verdict.FAIL)
        assert bucket.files() == []


@pytest.mark.parametrize(
    ("free", "verdict"), [(50 * 2**30, Verdict.OK), (9 * 2**30, Verdict.WARN), (10 * 2**20, Verdict.FAIL)]
)
def test_a_disk_that_fills_up_is_told(
    service: Settings, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict
) -> None:
    disk = storage.shutil._ntuple_diskusage(100 * 2**30, 100 * 2**30 - free, free)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: disk)
    assert check_space(service).verdict is verdict


def test_a_long_wait_in_the_queue_is_warned_of(service: Settings, store: Store) -> None:
    job = submitted(store)
    assert (the("queue", service).verdict, the("queue", service).found[:13]) == (Verdict.OK, "1 job is wait")
    store.redis.zadd(store.keys.lane(job.step), {job.id: now_of(store) - 400_000}, xx=True)
    assert the("queue", service).verdict is Verdict.WARN


def test_a_lapsed_lease_that_nobody_sees_to_fails_until_somebody_sweeps(service: Settings, store: Store) -> None:
    job = submitted(store)
    Leases(store, worker="worker-1").claim(job.id)
    store.redis.zadd(store.keys.leases, {job.id: now_of(store) - 20_000}, xx=True)
    assert the("sweep", service).verdict is Verdict.FAIL
    sweep(store)
    assert the("sweep", service).verdict is Verdict.OK


def test_an_overdue_internal_job_fails(service: Settings) -> None:
    internal = Store(internal_settings(service))
    job = internal.submit(internal_submission("deliver_webhook", {}, job_id=new_id(), caller="alice"))
    internal.redis.zadd(internal.keys.due, {job.id: now_of(internal) - 20_000})
    found = the("sweep", service)
    internal.redis.close()
    assert (found.verdict, found.found.startswith("internal 1 job")) == (Verdict.FAIL, True)


def test_what_expired_and_lies_about_is_warned_of(service: Settings, store: Store) -> None:
    store.redis.zadd(store.keys.blobs, {"results/old": now_of(store) - 1_000_000})
    assert the("sweep", service).verdict is Verdict.WARN


def test_messages_that_do_not_come_on_to_the_engine_fail(service: Settings, store: Store) -> None:
    handover = Handover(service.namespace, store.redis, store.scripts)
    store.redis.lpush(handover.key(0), b"a message")
    assert the("hand-over", service) == Finding(Verdict.OK, "1 on their way.")
    store.redis.zadd(handover.in_hand, {b"another": now_of(store) - 20_000})
    assert the("hand-over", service).verdict is Verdict.FAIL


def test_a_webhook_that_nobody_takes_on_is_warned_of(service: Settings, store: Store) -> None:
    store.redis.zadd(store.keys.outbox, {new_id(): now_of(store)})
    assert the("webhooks", service).verdict is Verdict.OK
    store.redis.zadd(store.keys.outbox, {new_id(): now_of(store) - 61_000})
    assert the("webhooks", service).verdict is Verdict.WARN


def test_roles_that_are_not_there_are_told(service: Settings) -> None:
    found = examine(service)
    told = {name: found[name].verdict for name in ("api", "workers", "internal workers")}
    assert told == {"api": Verdict.WARN, "workers": Verdict.FAIL, "internal workers": Verdict.WARN}


def test_internal_jobs_that_nobody_runs_fail(service: Settings) -> None:
    internal = Store(internal_settings(service))
    internal.submit(internal_submission("deliver_webhook", {}, job_id=new_id(), caller="alice"))
    internal.redis.close()
    assert the("internal workers", service).verdict is Verdict.FAIL


def test_versions_that_differ_are_warned_of(service: Settings, store: Store) -> None:
    announce(store, Role.API)
    announce(store, Role.WORKER, version="0.0.9")
    found = the("versions", service)
    assert (found.verdict, "0.0.9: worker@" in found.found) == (Verdict.WARN, True)


def test_a_command_of_another_version_than_the_service_is_warned_of(service: Settings, store: Store) -> None:
    announce(store, Role.API, version="0.0.9")
    found = the("versions", service)
    assert (found.verdict, f"this command is {service_version()}" in found.found) == (Verdict.WARN, True)


def test_engines_that_differ_fail(service: Settings, store: Store) -> None:
    announce(store, Role.API)
    announce(store, Role.WORKER, engine="rq")
    found = the("engine", service)
    assert (found.verdict, found.found) == (Verdict.FAIL, "They differ. celery: api; rq: worker.")


@pytest.mark.parametrize(
    ("is_open", "host", "verdict"),
    [(False, "0.0.0.0", Verdict.FAIL), (True, "127.0.0.1", Verdict.OK), (True, "0.0.0.0", Verdict.WARN)],
)
def test_who_can_use_it_is_told(service: Settings, is_open: bool, host: str, verdict: Verdict) -> None:
    assert the("access", replace(service, open=is_open, host=host)).verdict is verdict


@pytest.mark.parametrize(
    "unfit",
    [
        {"result_ttl": 3600, "tombstone_ttl": 3600, "webhook_retries": ()},
        {"webhook_retries": ("604800", "604800")},
        {"redis_timeout": 6},
    ],
)
def test_times_that_do_not_fit_together_are_warned_of(service: Settings, unfit: dict[str, object]) -> None:
    assert the("times", service).verdict is Verdict.OK
    assert the("times", replace(service, **unfit)).verdict is Verdict.WARN  # type: ignore[arg-type]


def test_open_files_are_counted_as_the_api_counts_them() -> None:
    assert OPEN_FILES == MOST_CONNECTIONS + 256


def test_a_low_limit_of_open_files_is_warned_of(service: Settings) -> None:
    command = ["sh", "-c", 'ulimit -n 512; exec "$@"', "sh", sys.executable, "-m", "coatcheck", "doctor", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")}
    environment |= {"COATCHECK_REDIS_URL": service.redis_url, "COATCHECK_DATA_DIR": service.data_dir}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    told = {check["check"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}
    assert told["open files"] == "warn", done.stderr


def test_a_sound_service_is_a_line_each_and_exit_code_0(doctor: Doctor, store: Store) -> None:
    furnish(store)
    done = doctor()
    lines = done.stdout.splitlines()
    assert (done.exit_code, len(lines) > 20, {line.split()[0] for line in lines} <= {"ok", "warn"}) == (0, True, True)


def test_what_fails_is_told_with_what_to_do_and_exit_code_1(doctor: Doctor) -> None:
    done = doctor()
    [line] = [line for line in done.stdout.splitlines() if " workers " in line and line.startswith("fail")]
    assert (done.exit_code, line.endswith("-> Start `coatcheck worker`.")) == (1, True)
    assert "2 fail" in done.stderr


def test_as_json_it_tells_the_gravest_verdict_and_no_password(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    done = doctor("--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["verdict"], told["redis"]) == (1, "fail", "redis://:***@127.0.0.1:1/0")
    assert "hunter2" not in done.output


def test_a_wrong_setting_is_one_line_and_exit_code_2(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_LEASE", "soon")
    done = doctor()
    assert (done.exit_code, done.stdout, done.stderr.startswith("coatcheck doctor: COATCHECK_LEASE=soon")) == (
        2,
        "",
        True,
    )


def test_a_data_dir_on_which_nothing_runs_is_one_line_and_exit_code_2(doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("--data-dir", str(tmp_path))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_the_running_stack_here_is_found_and_open_as_it_is(
    doctor: Doctor, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    furnish(store)
    monkeypatch.delenv("COATCHECK_REDIS_URL")
    with telling_redis(DataDir(tmp_path), store.settings.redis_url):
        done = doctor("--data-dir", str(tmp_path))
    assert (done.exit_code, "Open, to this machine only; 1 good API key." in done.stdout) == (0, True)

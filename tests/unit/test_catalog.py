"""Analyses are found in packages without registration, and the catalog stays light."""

import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks import Analysis, CatalogError, load_catalog

#: What the API process must not import, and what it has no need of.
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "celery", "kombu", "apispec", "redis")
HELLO = """
    from tasks import analysis

    @analysis
    def {name}(*, times: int = 1) -> int:
        return times
"""

Write = Callable[[dict[str, str]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write modules that can be imported during the test: path → source."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(sources: dict[str, str]) -> None:
        for path, source in sources.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source))
        importlib.invalidate_caches()

    yield write
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("acme", "other"):
            del sys.modules[name]


def offer(write: Write, value: str) -> None:
    """Write an installed distribution with an entry point of this value."""
    write(
        {
            "acme_dist-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-dist\nVersion: 1.0\n",
            "acme_dist-1.0.dist-info/entry_points.txt": f"[coatcheck.analyses]\nacme = {value}\n",
        }
    )


def test_a_module_a_subpackage_and_the_package_itself_are_searched(write: Write) -> None:
    write(
        {
            "acme/__init__.py": HELLO.format(name="zero"),
            "acme/plain.py": HELLO.format(name="one"),
            "acme/folder/__init__.py": HELLO.format(name="two"),
            "acme/split/__init__.py": "",
            "acme/split/params.py": HELLO.format(name="three"),
        }
    )

    catalog = load_catalog(["acme"])

    assert list(catalog) == ["one", "three", "two", "zero"]
    assert all(isinstance(analysis, Analysis) for analysis in catalog.values())


def test_a_package_without_an_init_file_is_searched(write: Write) -> None:
    write({"acme/plain.py": HELLO.format(name="one")})

    assert list(load_catalog(["acme"])) == ["one"]


def test_a_single_module_is_searched(write: Write) -> None:
    write({"acme.py": HELLO.format(name="one")})

    assert list(load_catalog(["acme"])) == ["one"]


def test_several_packages_make_one_catalog(write: Write) -> None:
    write({"acme.py": HELLO.format(name="one"), "other/plain.py": HELLO.format(name="two")})

    assert list(load_catalog(["other", "acme"])) == ["one", "two"]


def test_private_modules_and_programs_are_left_alone(write: Write) -> None:
    write(
        {
            "acme/plain.py": HELLO.format(name="one"),
            "acme/_draft.py": "raise RuntimeError",
            "acme/__main__.py": "raise RuntimeError",
        }
    )

    assert list(load_catalog(["acme"])) == ["one"]


FOLDER = {
    "acme/__init__.py": "",
    "acme/split/__init__.py": "",
    "acme/split/params.py": HELLO.format(name="one"),
    "acme/split/analysis.py": "",
}


def test_the_computing_module_is_left_to_workers(write: Write) -> None:
    write(FOLDER)

    load_catalog(["acme"])

    assert "acme.split.analysis" not in sys.modules


def test_a_worker_imports_the_computing_module_beforehand(write: Write) -> None:
    write(FOLDER)

    load_catalog(["acme"], heavy=True)

    assert "acme.split.analysis" in sys.modules


def test_a_folder_may_do_without_a_computing_module(write: Write) -> None:
    write({name: source for name, source in FOLDER.items() if "analysis" not in name})

    assert list(load_catalog(["acme"], heavy=True)) == ["one"]


def test_a_computing_module_that_fails_is_named(write: Write) -> None:
    write({**FOLDER, "acme/split/analysis.py": "import no_such_module"})

    with pytest.raises(
        CatalogError, match=r"^acme\.split\.analysis: it can't be imported: ModuleNotFoundError: No mod"
    ):
        load_catalog(["acme"], heavy=True)


def test_an_analysis_seen_twice_is_one(write: Write) -> None:
    write({"acme/plain.py": HELLO.format(name="one"), "acme/again.py": "from acme.plain import one"})

    assert list(load_catalog(["acme", "acme.plain"])) == ["one"]


def test_two_analyses_of_one_name_are_refused_with_both_places(write: Write) -> None:
    write({"acme/first.py": HELLO.format(name="one"), "other.py": HELLO.format(name="one")})

    with pytest.raises(CatalogError, match=r"^two analyses are named 'one', acme\.first\.one and other\.one; rename"):
        load_catalog(["acme", "other"])


@pytest.mark.parametrize(
    ("sources", "line"),
    [
        ({}, "acme: it can't be imported: ModuleNotFoundError: No module named 'acme'"),
        ({"acme.py": "def broken(:"}, "acme: it can't be imported: SyntaxError: "),
        ({"acme.py": "raise ValueError('one\\ntwo')"}, "acme: it can't be imported: ValueError: one two"),
        ({"acme/plain.py": "import nothing_such"}, "acme.plain: it can't be imported: ModuleNotFoundError: No module"),
        ({"acme.py": ""}, "acme: no analysis was found there or in its direct submodules; is @analysis missing?"),
        (
            {"acme/plain.py": HELLO.format(name="one").replace("int = 1", "bytes")},
            "acme.plain.one: parameter 'times': bytes can't become a field; allowed are int, float",
        ),
        (
            {"acme/plain.py": HELLO.format(name="one").replace("= 1", "= '1'")},
            "acme.plain.one: parameter 'times': its default '1' is refused by its own annotation: Not an integer.",
        ),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(write: Write, sources: dict[str, str], line: str) -> None:
    write(sources)

    with pytest.raises(CatalogError) as refusal:
        load_catalog(["acme"])

    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", ["acme", "acme.plain", "acme.plain:one"])
def test_installed_packages_offer_analyses_by_entry_point(write: Write, value: str) -> None:
    write({"acme/plain.py": HELLO.format(name="one")})
    offer(write, value)

    assert list(load_catalog([])) == ["one"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme.plain:two", "the entry point 'acme' names nothing"),
        ("acme.plain:analysis", "the entry point 'acme.plain:analysis' is no analysis; is @analysis missing?"),
        ("acme.gone", "acme.gone: it can't be imported"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_refused(write: Write, value: str, reason: str) -> None:
    write({"acme/plain.py": HELLO.format(name="one")})
    offer(write, value)

    with pytest.raises(CatalogError, match=reason):
        load_catalog([])


def test_a_catalog_is_a_mapping_that_cannot_be_changed(write: Write) -> None:
    write({"acme.py": HELLO.format(name="one")})

    catalog = load_catalog(["acme"])

    assert (len(catalog), "one" in catalog, catalog.get("two")) == (1, True, None)
    assert catalog["one"].place == "acme.one"
    assert not hasattr(catalog, "__setitem__")


def test_every_built_in_analysis_loads_and_validates_its_example() -> None:
    catalog = load_catalog(["tasks"])

    assert set(catalog) >= {"cluster", "describe", "train"}
    for analysis in catalog.values():
        analysis.load(analysis.example())


@pytest.mark.parametrize("code", ["import tasks", "import tasks; tasks.load_catalog(['tasks'])"])
def test_the_catalog_is_light(code: str) -> None:
    listing = f"{code}; import sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"

    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []

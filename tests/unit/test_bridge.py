"""scikit-learn's callbacks reach the job: searches, pipelines and iterations report, and models keep no trace of it."""

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes halving importable
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.bridge import JobCallback, report_progress

pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")

X: NDArray[np.float64]
X, Y = datasets.load_wine(return_X_y=True)
GRID = {"logisticregression__C": [0.01, 0.1, 1.0]}


class Canceled(BaseException):
    """What a worker raises through whatever an analysis runs; no `Exception`, so that nobody catches it."""


class CanceledJob(RecordingJob):
    """A job that is canceled at its fifth report."""

    def progress(self, fraction: float, stage: str = "", **scores: object) -> None:
        self.reports.append((fraction, stage))
        if len(self.reports) == 5:
            raise Canceled


@pytest.fixture(autouse=True)
def every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report every event, also those that follow within the pace."""
    monkeypatch.setitem(JobCallback.__init__.__kwdefaults__, "pace", 0.0)


def model() -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())


def stages(job: RecordingJob) -> list[str]:
    return [stage for _, stage in job.reports]


def test_a_search_reports_candidates_folds_steps_and_iterations() -> None:
    job = RecordingJob()
    report_progress(job, GridSearchCV(model(), GRID, cv=2)).fit(X, Y)
    told = stages(job)
    for candidate in (1, 2, 3):
        for fold in (1, 2):
            assert f"GridSearchCV: candidate {candidate} of 3, fold {fold} of 2" in told
    assert "GridSearchCV: candidate 2 of 3, fold 1 of 2, simpleimputer" in told
    assert "GridSearchCV: candidate 2 of 3, fold 1 of 2, LogisticRegression, lbfgs iter 1" in told
    assert "GridSearchCV: refit" in told


def test_progress_never_goes_back_and_ends_at_one() -> None:
    job = RecordingJob()
    report_progress(job, GridSearchCV(model(), GRID, cv=2)).fit(X, Y)
    shares = [share for share, _ in job.reports]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_refit_counts_as_one_fit_of_the_search() -> None:
    job = RecordingJob()
    report_progress(job, GridSearchCV(model(), GRID, cv=2)).fit(X, Y)
    before_refit = max(share for share, stage in job.reports if "candidate 3 of 3, fold 2 of 2" in stage)
    assert before_refit == pytest.approx(6 / 7)


def test_a_search_reports_its_scores() -> None:
    job, search = RecordingJob(), GridSearchCV(model(), GRID, cv=3, return_train_score=True)
    report_progress(job, search).fit(X, Y)
    last = list(dict.fromkeys(scores["last"] for scores in job.scores if scores))
    assert last == pytest.approx(list(dict.fromkeys(search.cv_results_["mean_test_score"])))
    assert job.scores[-1]["best"] == pytest.approx(search.best_score_)


@pytest.mark.parametrize("search", [RandomizedSearchCV, HalvingGridSearchCV])
def test_other_searches_report_as_well(search: type) -> None:
    options = {"n_iter": 2, "random_state": 0} if search is RandomizedSearchCV else {"min_resources": 60}
    job = RecordingJob()
    report_progress(job, search(model(), GRID, cv=2, **options)).fit(X, Y)
    assert any("fold 2 of 2" in stage for stage in stages(job))
    assert job.reports[-1][0] == 1.0
    assert job.scores[-1].keys() == {"last", "best"}


def test_what_a_search_finds_does_not_change() -> None:
    heard, alone = (GridSearchCV(model(), GRID, cv=3, scoring="balanced_accuracy") for _ in range(2))
    report_progress(RecordingJob(), heard).fit(X, Y)
    alone.fit(X, Y)
    np.testing.assert_array_equal(heard.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(heard.predict_proba(X), alone.predict_proba(X))


def test_several_metrics_are_left_as_they_are() -> None:
    job = RecordingJob()
    search = GridSearchCV(model(), GRID, cv=2, scoring=["accuracy", "f1_macro"], refit="accuracy")
    report_progress(job, search).fit(X, Y)
    assert set(search.scorer_) == {"accuracy", "f1_macro"}
    assert not any(job.scores)


def test_a_fitted_model_keeps_no_trace_of_the_job() -> None:
    search, untouched = GridSearchCV(model(), GRID, cv=2), GridSearchCV(model(), GRID, cv=2).fit(X, Y)
    report_progress(RecordingJob(), search).fit(X, Y)
    assert vars(search).keys() == vars(untouched).keys()
    assert search.scoring is None
    assert type(search.scorer_) is type(untouched.scorer_)
    assert b"RecordingJob" not in pickle.dumps(search)
    assert b"tasks.bridge" not in pickle.dumps(search)


def test_callbacks_of_others_stay() -> None:
    first, second = JobCallback(RecordingJob()), JobCallback(RecordingJob())
    second.teardown = lambda estimator, context: None  # type: ignore[method-assign]
    scaler = StandardScaler().set_callbacks(first, second).fit(X)
    assert scaler._skl_callbacks == [second]


def test_a_canceled_job_ends_the_fit_and_leaves_the_model_clean() -> None:
    job, search = CanceledJob(), GridSearchCV(model(), GRID, cv=2)
    with pytest.raises(Canceled):
        report_progress(job, search).fit(X, Y)
    assert "_skl_callbacks" not in vars(search)
    assert search.scoring is None
    assert len(set(stages(job))) < 10


def test_a_job_that_is_asked_to_finish_asks_the_fit_to_stop() -> None:
    class Noting(JobCallback):
        answers: list[bool] = []  # noqa: RUF012 - of this test alone

        def on_fit_task_end(self, estimator: object, context: object) -> bool:
            self.answers.append(super().on_fit_task_end(estimator, context))
            return self.answers[-1]

    StandardScaler().set_callbacks(Noting(RecordingJob())).fit(X)
    StandardScaler().set_callbacks(Noting(RecordingJob(finish_after=1))).fit(X)
    assert Noting.answers == [False, True]


def test_progress_stays_within_its_part_of_the_job() -> None:
    job = RecordingJob()
    report_progress(job, model(), start=0.2, end=0.7).fit(X, Y)
    shares = [share for share, _ in job.reports]
    assert (min(shares), max(shares)) == (0.2, pytest.approx(0.7))


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.4), (-0.1, 1.0), (0.0, 1.1)])
def test_a_part_that_is_none_is_refused(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="shares of the job"):
        report_progress(RecordingJob(), model(), start=start, end=end)


def test_a_model_that_knows_no_callbacks_fits_as_ever() -> None:
    job, forest = RecordingJob(), RandomForestClassifier(n_estimators=2, random_state=0)
    assert report_progress(job, forest) is forest
    forest.fit(X, Y)
    assert job.reports == []


def test_a_solver_that_knows_no_callbacks_gives_no_warning() -> None:
    job = RecordingJob()
    report_progress(job, LogisticRegression(solver="newton-cg")).fit(X / X.max(axis=0), Y)
    assert job.reports[-1] == (1.0, "LogisticRegression")


def test_a_search_of_depth_0_tells_of_candidates_and_folds_only() -> None:
    job, search = RecordingJob(), GridSearchCV(model(), GRID, cv=2)
    report_progress(job, search, depth=0).fit(X, Y)
    assert set(stages(job)) == {
        "GridSearchCV",
        "GridSearchCV: refit",
        *(f"GridSearchCV: candidate {candidate} of 3, fold {fold} of 2" for candidate in (1, 2, 3) for fold in (1, 2)),
    }
    assert job.scores[-1]["best"] == pytest.approx(search.best_score_)


def test_reports_of_many_iterations_are_paced() -> None:
    job = RecordingJob()
    LogisticRegression(max_iter=500).set_callbacks(JobCallback(job, pace=3600.0)).fit(X / X.max(axis=0), Y)
    assert job.reports == [(0.0, "LogisticRegression"), (1.0, "LogisticRegression")]


def test_a_copy_for_another_process_is_silent() -> None:
    job = RecordingJob()
    copied = pickle.loads(pickle.dumps(JobCallback(job, pace=0.0)))  # noqa: S301 - made here
    StandardScaler().set_callbacks(copied).fit(X)
    assert job.reports == []


def test_the_example_of_the_documentation_reports() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scikit-learn.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, "scikit-learn.md", "exec"), names)  # noqa: S102 - our own page
    job, table = RecordingJob(), datasets.load_iris(as_frame=True).frame
    result = names["tuned"].run(table, job, {"target": "target"})
    (shown,) = re.findall(r"The client sees `(.*?)`", page)
    assert shown in stages(job)
    assert job.scores[-1]["best"] == pytest.approx(result["score"])


def test_the_bridge_needs_no_callbacks_of_scikit_learn() -> None:
    code = """
import sys
sys.modules["sklearn.callback"] = None
from tasks.bridge import report_progress
class Model:
    pass
model = Model()
assert report_progress(None, model) is model
assert "sklearn" not in sys.modules and "numpy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)

"""The scores of a search while it runs: scikit-learn tells callbacks none, so its scorer is listened to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan
from numbers import Real
from typing import Any

#: Parameters by which a search is known; scikit-learn has no public class for all of them.
_SEARCH_PARAMS = {"estimator", "scoring", "refit", "cv", "error_score"}


@dataclass(eq=False)
class SearchScores:
    """Mean test scores of the candidates that are done, the higher the better."""

    last: float | None = None
    best: float | None = None
    #: Scores of the candidate at hand, and how many there will be.
    _folds: list[float] = field(default_factory=list)
    _expected: int = 0
    #: The first score after a fit is that of the test part, a further one that of the training part.
    _listening: bool = False

    def expect(self, evaluation: int, *, folds: int) -> None:
        """Be told that the fit of this number begins; candidates are evaluated fold after fold."""
        if folds and evaluation % folds == 0:
            self._folds = []
        self._expected, self._listening = folds, True

    def hear(self, score: object) -> None:
        """Take what the scorer has returned; several metrics at once are not told apart and left out."""
        if not self._listening or not isinstance(score, Real):
            return
        self._listening = False
        self._folds.append(float(score))
        if len(self._folds) == self._expected:
            self._settle(sum(self._folds) / self._expected)

    def so_far(self) -> dict[str, float] | None:
        """Return `last` and `best`, or None before the first candidate is done."""
        return None if self.last is None or self.best is None else {"last": self.last, "best": self.best}

    def _settle(self, mean: float) -> None:
        if not isnan(mean):
            self.last = mean
            self.best = mean if self.best is None else max(self.best, mean)


@dataclass(frozen=True)
class _HeardScorer:
    """A scorer whose every score is heard by somebody else as well."""

    scorer: Callable[..., Any]
    scores: SearchScores

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        score = self.scorer(*args, **kwargs)
        self.scores.hear(score)
        return score


@dataclass(frozen=True, eq=False)
class HeardSearch:
    """A search whose scorer is heard, until it is given back."""

    search: Any
    #: What the search's parameter `scoring` was.
    scoring: str | None
    scorer: Callable[..., Any]

    def restore(self) -> None:
        """Give the search its scorer back, also the one that it has kept with its result."""
        self.search.scoring = self.scoring
        if isinstance(getattr(self.search, "scorer_", None), _HeardScorer):
            self.search.scorer_ = self.scorer


def hear_scores(model: Any, scores: SearchScores) -> HeardSearch | None:
    """Let the scorer of a search be heard; None for other models, and for a scorer or metrics of the author's own."""
    from sklearn.metrics import check_scoring

    if not model.get_params(deep=False).keys() >= _SEARCH_PARAMS:
        return None
    if not (model.scoring is None or isinstance(model.scoring, str)):
        return None
    heard = HeardSearch(model, model.scoring, check_scoring(model.estimator, model.scoring))
    model.scoring = _HeardScorer(heard.scorer, scores)
    return heard

"""Where in scikit-learn's tree of fit tasks a task stands: which share of the whole lies behind it, and in words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

#: How scikit-learn names the tasks of a search.
SEARCH, EVALUATION, REFIT = "search", "candidate-split-evaluation", "refit-with-best-params"


def path_to(context: CallbackContext) -> list[CallbackContext]:
    """Return the tasks from the outermost fit down to this one."""
    path = [context]
    while (parent := path[-1].parent) is not None:
        path.append(parent)
    return path[::-1]


def share_done(path: list[CallbackContext], *, ended: bool, fits: int) -> float:
    """Return the share, 0 to 1, that is done when the last task of the path begins or has ended.

    The subtasks of a task count alike, but the search of a search counts `fits` times its refit. A task that does not
    know how many subtasks it has counts as begun until it ends.
    """
    done, width = 0.0, 1.0
    for parent, child in pairwise(path):
        if not parent.max_subtasks:
            return done
        before, share = _place(parent, child, fits=fits)
        done += width * before
        width *= share
    return done + width if ended else done


def stage_of(path: list[CallbackContext], *, folds: int) -> str:
    """Return where the last task of the path stands, as in `GridSearchCV: candidate 2 of 9, fold 1 of 5`."""
    root = path[0]
    words = [word for parent, child in pairwise(path) if (word := _words(parent, child, folds=folds))]
    return f"{root.estimator_name}: {', '.join(words)}" if words else str(root.estimator_name)


def task_of(context: CallbackContext) -> str:
    """Return what the task is to the outer estimator: a model's fit that is a step of another is that step."""
    return str(context.source_task_name or context.task_name)


def _place(parent: CallbackContext, child: CallbackContext, *, fits: int) -> tuple[float, float]:
    if parent.parent is None and parent.max_subtasks == 2 and fits:
        weight = fits / (fits + 1)
        if child.task_name == SEARCH:
            return 0.0, weight
        if task_of(child) == REFIT:
            return weight, 1 - weight
    return child.task_id / parent.max_subtasks, 1 / parent.max_subtasks


def _words(parent: CallbackContext, child: CallbackContext, *, folds: int) -> str:
    task, number, most = task_of(child), child.task_id, parent.max_subtasks
    if task == SEARCH:
        return ""
    if task == EVALUATION and folds and most:
        return f"candidate {number // folds + 1} of {most // folds}, fold {number % folds + 1} of {folds}"
    if task == REFIT:
        return "refit"
    if child.source_task_name:
        return str(child.estimator_name)
    step = task.removeprefix("fit-transform-").replace("-", " ")
    return f"{step} {number + 1}" if "iter" in task else step

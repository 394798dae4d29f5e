"""Which figures a run of `train` has."""

from tasks.job import Job
from tasks.train.drawing.calibration import draw_calibration
from tasks.train.drawing.confusion import draw_confusion
from tasks.train.drawing.curves import draw_precision_recall, draw_roc
from tasks.train.drawing.dependence import draw_dependence
from tasks.train.drawing.importance import draw_importance
from tasks.train.drawing.residuals import draw_predicted_vs_actual, draw_residuals, points_to_draw
from tasks.train.metrics import PRIMARY_METRIC
from tasks.train.trained import Trained


def draw_figures(trained: Trained, job: Job) -> None:
    """Attach the figures to the job, each under its name; those that need what was not computed are left out."""
    target, outcome = trained.prepared.target, trained.outcome
    if target.classes:
        job.figure("confusion_matrix", draw_confusion(outcome), title="Confusion matrix")
        job.figure("roc", draw_roc(outcome), title="ROC curve")
        job.figure("precision_recall", draw_precision_recall(outcome), title="Precision and recall")
        job.figure("calibration", draw_calibration(outcome), title="Calibration")
    else:
        points, subtitle = points_to_draw(outcome, job.rng)
        job.figure("residuals", draw_residuals(points, target, subtitle=subtitle), title="Residuals")
        job.figure(
            "predicted_vs_actual",
            draw_predicted_vs_actual(points, target, subtitle=subtitle),
            title="Predicted and actual values",
        )
    if trained.importance is not None:
        metric = PRIMARY_METRIC[target.problem]
        job.figure("importance", draw_importance(trained.importance, metric=metric), title="Importance of the columns")
    if trained.final is not None and trained.final.dependence:
        job.figure("partial_dependence", draw_dependence(trained.final.dependence, target), title="Partial dependence")

"""Why a column stands where it stands, in sentences."""

from math import isinf, isnan

from tasks.select.looks import Looks
from tasks.select.univariate import UnivariateTest

#: Least chance, after correction, at which a test is said to show nothing.
SIGNIFICANCE = 0.05


def reasons_for(looks: Looks, position: int) -> list[str]:
    """Return a sentence on each look at the column."""
    sentences = [_information(looks, position), _test(looks.tests[position])]
    rank = looks.eliminations.ranks().get(position)
    if rank is not None:
        sentences.append(_elimination(looks, position, rank))
    return sentences


def _information(looks: Looks, position: int) -> str:
    value, noise = looks.information.values[position], looks.information.noise[position]
    if not looks.information.shuffles:
        return f"Tells {value:.2g} nats about the target by itself."
    if value > noise:
        return f"Tells {value:.2g} nats about the target by itself; shuffled targets reach {noise:.2g}."
    return f"Tells no more about the target than chance does: {value:.2g} nats, and shuffled targets reach {noise:.2g}."


def _test(test: UnivariateTest) -> str:
    kind = "chi-squared" if test.name == "chi_squared" else "F"
    if isnan(test.p):
        return f"Its {kind} test is undefined."
    statistic = "infinite" if isinf(test.statistic) else f"{test.statistic:.3g}"
    verdict = "Related to the target" if test.p_adjusted < SIGNIFICANCE else "No simple relation to the target found"
    return f"{verdict}: {kind} is {statistic}, adjusted p is {test.p_adjusted:.2g}."


def _elimination(looks: Looks, position: int, rank: int) -> str:
    rounds = len(looks.eliminations.sizes)
    if position in looks.suggestion():
        return f"Needed by the model: place {rank} of {rounds} in the elimination, and part of the suggestion."
    if position in looks.best():
        return f"Of some use to the model: place {rank} of {rounds} in the elimination, and part of the best set."
    return f"Place {rank} of {rounds} in the elimination."

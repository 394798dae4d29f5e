"""Make `penguins_like.csv`: a table in the shape of the Palmer penguins, every number of it made up.

Species, islands, counts and rough means are those of Horst, Hill & Gorman, palmerpenguins (2020),
https://allisonhorst.github.io/palmerpenguins/; the rows are drawn at random from them with a fixed seed.

    python tests/data/make_penguins_like.py
"""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

SEED = 344
TABLE = Path(__file__).with_name("penguins_like.csv")
#: Per species: rows, islands, and mean of bill length, bill depth, flipper length (mm) and body mass (g).
SPECIES = {
    "Adelie": (152, ("Torgersen", "Biscoe", "Dream"), (38.8, 18.3, 190.0, 3_700.0)),
    "Chinstrap": (68, ("Dream",), (48.8, 18.4, 196.0, 3_730.0)),
    "Gentoo": (124, ("Biscoe",), (47.5, 15.0, 217.0, 5_080.0)),
}
#: Standard deviation of each measure within a species and sex, and by how much of it half the sexes differ.
SPREADS = (2.2, 0.8, 5.5, 290.0)
SEX_SHIFT = 0.9
#: Share of cells that are missing; sex is missing more often, and so are eggs that nobody saw.
GAPS = 0.02
NO_SEX, NO_EGG = 0.03, 0.1
HEADER = (
    "species",
    "island",
    "bill_length_mm",
    "bill_depth_mm",
    "flipper_length_mm",
    "body_mass_g",
    "sex",
    "date_egg",
)


def make_rows(chance: random.Random) -> list[list[str]]:
    """Return 344 rows in random order, cells as a CSV has them."""
    rows = [
        _row(chance, species, chance.choice(islands), means)
        for species, (count, islands, means) in SPECIES.items()
        for _ in range(count)
    ]
    chance.shuffle(rows)
    return rows


def _row(chance: random.Random, species: str, island: str, means: tuple[float, ...]) -> list[str]:
    is_male = chance.random() < 0.5
    shift = SEX_SHIFT if is_male else -SEX_SHIFT
    measured = [chance.gauss(mean + shift * spread, spread) for mean, spread in zip(means, SPREADS, strict=True)]
    length, depth, flipper, mass = measured
    cells = (f"{length:.1f}", f"{depth:.1f}", f"{flipper:.0f}", f"{25 * round(mass / 25)}")
    egg = date(chance.choice((2007, 2008, 2009)), 11, 3) + timedelta(days=int(chance.gauss(14, 5)))
    return [
        species,
        island,
        *("" if chance.random() < GAPS else cell for cell in cells),
        "" if chance.random() < NO_SEX else ("male" if is_male else "female"),
        "" if chance.random() < NO_EGG else egg.isoformat(),
    ]


if __name__ == "__main__":
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *make_rows(random.Random(SEED))])

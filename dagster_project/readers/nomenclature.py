"""Territory codes as producers write them: the official code and name, whatever the dialect."""

import csv
import unicodedata
from functools import cache, lru_cache

from dagster_project.settings import TERRITORIES

# BDM and Webstat prefix a D; estimates of population read back as floats; CNAF and DREES split Corsica as 20A.
_CORSICA = {"20A": "2A", "20B": "2B", "201": "2A", "202": "2B"}

# Boroughs (arrondissements municipaux) of Marseille, Lyon and Paris, from the first to the last, by city.
BOROUGHS = {"13055": ("13201", "13216"), "69123": ("69381", "69389"), "75056": ("75101", "75120")}


def is_borough(code: str) -> bool:
    """Whether a code is that of a borough of Paris, Lyon or Marseille."""
    return len(code) == 5 and any(first <= code <= last for first, last in BOROUGHS.values())


def is_borough_sql(column: str) -> str:
    """The same of a column of codes of five characters, in SQL."""
    return " or ".join(f"{column} between '{first}' and '{last}'" for first, last in BOROUGHS.values())


@cache
def names(level: str) -> dict[str, str]:
    """Official name of each territory of a level (country, region, departement), by code."""
    with TERRITORIES.open(encoding="utf-8") as file:
        return {
            row["territory_code"]: row["territory_name"]
            for row in csv.DictReader(file)
            if row["territory_level"] == level and not row["valid_to"]
        }


def departement_code(written: object) -> str | None:
    """The official code of a département, from ``1``, ``01``, ``1.0``, ``D01``, ``20A``, ``971.0``; None if none is."""
    code = str(written).strip().upper().removeprefix("D").removesuffix(".0")
    code = _CORSICA.get(code, code)
    if code.isdigit() and len(code) == 1:
        code = f"0{code}"
    return code if code in names("departement") else None


def region_code(written: object) -> str | None:
    """The official code of a region, from ``1``, ``01``, ``1.0``, ``R01``; None if none is."""
    code = str(written).strip().upper().removeprefix("R").removesuffix(".0")
    if code.isdigit() and len(code) == 1:
        code = f"0{code}"
    return code if code in names("region") else None


def same_name(written: object, official: str) -> bool:
    """Whether a name is the official one, but for case, accents, hyphens, stars and blanks."""
    return plain(written) == plain(official)


def plain(written: object) -> str:
    """A name reduced to what tells it from others: lower case, no accent, words of letters and digits."""
    return _plain(str(written))


# A file writes the same few names again on every line.
@lru_cache(maxsize=4096)
def _plain(written: str) -> str:
    decomposed = unicodedata.normalize("NFKD", written.replace("œ", "oe").replace("Œ", "Oe"))
    letters = "".join(" " if not one.isalnum() else one.lower() for one in decomposed if not unicodedata.combining(one))
    return " ".join(letters.split())

"""Territories of Filosofi files: their level, their codes and names, and which of them a file must hold."""

import re
from collections import defaultdict
from dataclasses import dataclass

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.territories import departement_regions, metropolitan
from dagster_project.readers.nomenclature import is_borough, names, plain, same_name

_ADVICE = "Reprenez le fichier d'origine de l'Insee, sans l'enregistrer depuis un tableur."
_LEVELS = {
    "COM": "commune", "EPCI": "epci", "DEP": "departement", "DPT": "departement", "REG": "region",
    "METROPOLE": "country", "METRO": "country", "METRODOM": "country",
}  # fmt: skip
_ZONES = re.compile(r"(ARR|UU|AU|AAV|ZE|BV|CV|TUU|TAAV)(\d{4})?")
_COUNTRY_CODES = ("1", "F", "FR", "FM", "METRO")
# Overseas départements whose households are in Filosofi, and since when.
_OVERSEAS, _OVERSEAS_SINCE = {"972", "974"}, 2014
_EPCI_OF_FRANCE = 1200
_COMMUNES_OF_FRANCE = 30_000


@dataclass(frozen=True)
class Row:
    """A row of a file: its line, and how it names its territory (the name is None where no column gives one)."""

    number: int
    code: str
    name: str | None


@dataclass(frozen=True)
class Place:
    """A territory of the warehouse."""

    level: str
    code: str
    label: str


class Territories:
    """Turns the codes of one file into territories, and refuses those that are not what they say."""

    def __init__(
        self, reading: Reading, file_name: str, year: int, letters: tuple[str, str], headers: tuple[str, str]
    ) -> None:
        self._reading = reading
        self._file_name = file_name
        self._year = year
        self._letters = letters
        self._headers = headers

    def places(self, rows: list[Row]) -> dict[int, Place]:
        """The territory of each row that has one, by line; what is wrong, or missing, is refused."""
        level = level_of_name(self._file_name) or _level_of_codes(rows)
        if level is None:
            self._refuse(
                rows[0].number if rows else None, 0, rows[0].code if rows else "aucune ligne",
                "un niveau que disent le nom du fichier (COM, EPCI, DEP, REG, METROPOLE) ou ses codes",
                "niveau géographique", "Gardez le nom que l'Insee donne au fichier.",
            )  # fmt: skip
            return {}
        found: dict[int, Place] = {}
        seen: dict[str, int] = {}
        for row in rows:
            if row.code in seen:
                self._refuse(
                    row.number, 0, row.code, f"une seule ligne par territoire (déjà ligne {seen[row.code]})",
                    "territoire en double",
                )  # fmt: skip
                continue
            seen[row.code] = row.number
            if place := self._place(level, row):
                found[row.number] = place
        if len(found) == len(rows):
            self._check_complete(level, set(seen))
        return found

    def _place(self, level: str, row: Row) -> Place | None:
        if row.name == "":
            self._refuse(row.number, 1, "vide", "le nom du territoire", "nom absent")
            return None
        if level in ("departement", "region"):
            return self._official(level, row)
        if level == "commune":
            return self._commune(row)
        if level == "country":
            return self._country(row)
        if level == "epci":
            if re.fullmatch(r"\d{9}", row.code):
                return Place("epci", row.code, row.name or row.code)
            self._refuse(row.number, 0, row.code, "un numéro SIREN de neuf chiffres", "code d'EPCI")
            return None
        if re.fullmatch(r"[0-9A-Z]{2,9}", row.code):
            return Place("other", f"{level}-{row.code}", row.name or row.code)
        self._refuse(row.number, 0, row.code, f"un code de zone {level}", "code de zone")
        return None

    def _official(self, level: str, row: Row) -> Place | None:
        word = "département" if level == "departement" else "région"
        official = names(level).get(row.code)
        if official is None:
            expected = f"le code officiel d'un {word}" if level == "departement" else "le code officiel d'une région"
            self._refuse(row.number, 0, row.code, f"{expected}, zéro initial compris", f"code de {word}")
            return None
        if row.name is not None and not same_name(row.name, official):
            self._refuse(row.number, 1, row.name, f"« {official} », que désigne le code {row.code}", "code et nom")
            return None
        return Place(level, row.code, official)

    def _commune(self, row: Row) -> Place | None:
        if not re.fullmatch(r"(\d\d|2[AB])\d{3}", row.code) or departement_of(row.code) not in names("departement"):
            self._refuse(
                row.number, 0, row.code, "le code d'une commune, cinq caractères, zéro initial compris",
                "code de commune",
            )  # fmt: skip
            return None
        return Place("other" if is_borough(row.code) else "commune", row.code, row.name or row.code)

    def _country(self, row: Row) -> Place | None:
        name = plain(row.name or "")
        if name == "france metropolitaine" or (row.name is None and row.code in _COUNTRY_CODES):
            return Place("country", "FR-METRO", "France métropolitaine")
        if name.startswith("france") and "martinique" in name and "reunion" in name:
            return Place("other", "FR-FILOSOFI", "France métropolitaine, Martinique et La Réunion")
        self._refuse(row.number, 1, row.name or row.code, "« France métropolitaine »", "code et nom")
        return None

    def _check_complete(self, level: str, codes: set[str]) -> None:
        if level == "departement":
            self._check_departements(codes)
        elif level == "region":
            overseas = {departement_regions()[code] for code in _OVERSEAS} if self._year >= _OVERSEAS_SINCE else set()
            self._name_missing("region", (metropolitan("region") | overseas) - codes)
        elif level == "commune":
            self._check_departements({departement_of(code) for code in codes})
            if len({departement_of(code) for code in codes}) > 90 and len(codes) < _COMMUNES_OF_FRANCE:
                self._flag_partial(len(codes), f"au moins {_COMMUNES_OF_FRANCE} communes")
        elif level == "epci" and not self._is_extract:
            if len(codes) < _EPCI_OF_FRANCE:
                self._flag_partial(len(codes), f"au moins {_EPCI_OF_FRANCE} EPCI")
            elif not any(code.startswith("2497") for code in codes):
                self._flag_partial(len(codes), "les EPCI de La Réunion (SIREN en 2497…)")
        elif level == "country" and len(codes) > 1:
            self._refuse(None, 0, f"{len(codes)} lignes", "une ligne", "territoires du fichier")

    @property
    def _is_extract(self) -> bool:
        return "extrait" in plain(self._file_name)

    def _check_departements(self, codes: set[str]) -> None:
        """All that Filosofi covers, or those of one region, whole."""
        regions: dict[str, set[str]] = defaultdict(set)
        for departement, region in departement_regions().items():
            regions[region].add(departement)
        if codes in regions.values():
            return
        overseas = _OVERSEAS if self._year >= _OVERSEAS_SINCE else set()
        self._name_missing("departement", (metropolitan("departement") | overseas) - codes)

    def _name_missing(self, level: str, missing: set[str]) -> None:
        if missing:
            listed = ", ".join(f"{names(level)[code]} ({code})" for code in sorted(missing)[:10])
            more = f" et {len(missing) - 10} autres" if len(missing) > 10 else ""
            self._refuse(
                None, 0, f"absents : {listed}{more}",
                "tous les territoires que couvre Filosofi, ou tous ceux d'une même région", "complétude",
                "Reprenez le fichier d'origine : il est tronqué, ou des lignes en ont été retirées.",
            )  # fmt: skip

    def _flag_partial(self, count: int, expected: str) -> None:
        self._reading.flag(
            found=f"{count} territoires", expected=expected, rule="complétude", column=self._letters[0],
            name=self._headers[0], advice="Le fichier paraît tronqué : comparez-le à celui de l'Insee.",
        )  # fmt: skip

    def _refuse(  # noqa: PLR0917
        self, row: int | None, which: int, found: str, expected: str, rule: str, advice: str = _ADVICE
    ) -> None:
        self._reading.reject(
            found=found, expected=expected, rule=rule, advice=advice, row=row, column=self._letters[which] or None,
            name=self._headers[which] or None,
        )  # fmt: skip


def level_of_name(file_name: str) -> str | None:
    """The level, or the kind of zone (``UU2020``), that the name of a file says."""
    words = re.split(r"[^A-Z0-9]+", file_name.upper())
    for word in reversed(words):
        if word in _LEVELS:
            return _LEVELS[word]
        if _ZONES.fullmatch(word):
            return word
    return None


def departement_of(commune: str) -> str:
    """The code of the département of a commune."""
    return commune[:3] if commune.startswith("97") else commune[:2]


def _level_of_codes(rows: list[Row]) -> str | None:
    codes = {row.code for row in rows}
    if not codes:
        return None
    if all(re.fullmatch(r"\d{9}", code) for code in codes):
        return "epci"
    if all(re.fullmatch(r"(\d\d|2[AB])\d{3}", code) for code in codes):
        return "commune"
    if len(rows) == 1 and plain(rows[0].name or "").startswith("france"):
        return "country"
    for level in ("departement", "region"):
        official = names(level)
        named = [row for row in rows if row.name and same_name(row.name, official.get(row.code, ""))]
        if 2 * len(named) > len(rows):
            return level
    short = [row for row in rows if row.name is None]
    if short and codes <= set(names("departement")) and not codes <= set(names("region")):
        return "departement"
    return None

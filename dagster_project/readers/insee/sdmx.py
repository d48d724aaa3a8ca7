"""Series of INSEE's databank as its web service gives them: SDMX-ML 2.1, one element a series, one an observation.

An observation is addressed by its series (as the sheet), its rank in the series (as the row), and its attribute.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from lxml import etree

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.insee.bdm import (
    AREA_OF_SERIES,
    STATUS,
    Territory,
    area_territory,
    months,
    quarter,
    unemployment_territory,
)
from dagster_project.readers.insee.rates import flag_hardly_believable
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_ADVICE = "Redemandez la série au service de l'Insee, sans modifier sa réponse."
_HEAD = 1 << 14
_QUALITY = {"": None, "DEF": None, "SD": "SD", "P": "P", "PROV": "P"}
_MONTHLY_PRICE_MOVE = Decimal(5)
_MISSING = ("", "NaN", "nan")


@dataclass(frozen=True)
class Known:
    """A series the title of which says what it measures."""

    indicator_code: str
    unit: str
    unit_measure: str
    territory: Territory


def _known(attributes: dict[str, str]) -> Known | None:
    """What a series measures, and where: told by its title, which must agree with its area and unit."""
    title, idbank, area = (attributes.get(name, "") for name in ("TITLE_FR", "IDBANK", "REF_AREA"))
    if place := unemployment_territory(title, idbank):
        agreed = _same(area, place) and _same(AREA_OF_SERIES.get(idbank, ""), place)
        return Known("unemployment_rate", "percent", "POURCENT", place) if agreed else None
    prices = "Indice des prix à la consommation - Base 2015 - Ensemble des ménages - France - Ensemble hors tabac"
    if title.removesuffix(" - Séries arrêtées").removesuffix(" - Série arrêtée") == prices and area == "FE":
        return Known("consumer_price_index_2015_excluding_tobacco", "other", "SO", ("country", "FR", "France"))
    return None


def _same(area: str, place: Territory) -> bool:
    return not area or area_territory(area) == place or (place[0] == "other" and area_territory(area) is None)


def recognise(path: Path) -> Recognition:
    """An SDMX message of INSEE (FR1) with series of the databank."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    marks = {
        "StructureSpecificData": b"StructureSpecificData" in head,
        "expéditeur FR1": b'Sender id="FR1"' in head or b'agencyID="FR1"' in head,
        "série IDBANK": b"IDBANK=" in head,
    }
    return Recognition(
        tuple(mark for mark, seen in marks.items() if seen), tuple(mark for mark, seen in marks.items() if not seen)
    )


def edition(path: Path) -> EditionFacts:
    """The last update of the series; when the answer was prepared bounds their publication."""
    content = path.read_bytes()
    updates = [day for text in re.findall(rb'LAST_UPDATE="([^"]{10})', content) if (day := _day(text.decode("latin1")))]
    prepared = re.search(rb"Prepared>(\d{4}-\d\d-\d\d)", content[:_HEAD])
    if updates:
        return EditionFacts(max(updates).isoformat(), max(updates), basis="attribut LAST_UPDATE")
    if prepared and (day := _day(prepared[1].decode())):
        return EditionFacts(day.isoformat(), published_not_after=day, basis="réponse préparée ce jour (Prepared)")
    return EditionFacts("inconnue")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read(path: Path, reading: Reading) -> None:
    """Read every series, one element at a time."""
    message = _Message(reading)
    try:
        elements = etree.iterparse(
            str(path), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        for event, element in elements:
            if event == "start" and element.getparent() is None and element.getroottree().docinfo.doctype:
                _refuse(reading, "une DTD", "un message sans DTD ni entité", "xml")
                return
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if event == "start" and name == "Series":
                message.open(_texts(element))
            elif event == "end" and name == "Obs":
                message.observe(_texts(element))
                element.clear()
            elif event == "end" and name == "Series":
                message.close()
                element.clear()
    except (etree.XMLSyntaxError, OSError, ValueError) as error:
        _refuse(reading, str(error)[:80], "un document XML entier et bien formé", "xml")
    message.finish()


def _texts(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _refuse(
    reading: Reading, found: str, expected: str, rule: str, *, series: str | None = None, rank: int | None = None,
    name: str | None = None,
) -> None:  # fmt: skip
    reading.reject(
        found=found, expected=expected, rule=rule, row=rank, column=name, name=name, sheet=series, advice=_ADVICE
    )


@dataclass
class _Defect(Exception):  # noqa: N818
    """An observation that cannot be kept: which attribute, and what it should be."""

    name: str
    found: str
    expected: str
    rule: str


class _Message:
    """A message under way: one series open at a time."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.idbank = ""
        self.series: dict[str, str] = {}
        self.known: Known | None = None
        self.rank = 0
        self.seen: set[str] = set()
        self.cells: list[Cell] = []
        self.all: list[Cell] = []

    def open(self, attributes: dict[str, str]) -> None:
        self.series, self.rank, self.cells = attributes, 0, []
        self.idbank = attributes.get("IDBANK", "")
        self.known = _known(attributes)
        if not re.fullmatch(r"\d{9}", self.idbank):
            self._reject("IDBANK", self.idbank, "neuf chiffres, zéros compris", "identifiant de série")
            self.known = None
        elif self.idbank in self.seen:
            self._reject("IDBANK", self.idbank, "chaque série une seule fois", "série en double")
            self.known = None
        elif self.known is None:
            found = f"{self.idbank} : {attributes.get('TITLE_FR', 'sans titre')} ({attributes.get('REF_AREA', '')})"
            self._reject("TITLE_FR", found, "une série connue, dont le titre et la zone s'accordent", "série")
        elif attributes.get("UNIT_MEASURE", self.known.unit_measure) != self.known.unit_measure:
            self._reject("UNIT_MEASURE", attributes["UNIT_MEASURE"], self.known.unit_measure, "unité")
            self.known = None
        elif attributes.get("UNIT_MULT", "0") != "0":
            self._reject("UNIT_MULT", attributes["UNIT_MULT"], "0, la valeur telle quelle", "unité")
            self.known = None
        self.seen.add(self.idbank)

    def observe(self, attributes: dict[str, str]) -> None:
        self.rank += 1
        self.reading.cells_read += 1
        if self.known is None:
            self.reading.leave("Observation d'une série refusée")
            return
        try:
            self.cells.append(self._cell(attributes, self.known))
        except _Defect as defect:
            self._reject(defect.name, defect.found, defect.expected, defect.rule)

    def _cell(self, attributes: dict[str, str], known: Known) -> Cell:
        label, text = attributes.get("TIME_PERIOD", ""), attributes.get("OBS_VALUE", "").strip()
        span = _period(label, self.series.get("FREQ", ""))
        code, quality = attributes.get("OBS_STATUS", "A"), attributes.get("OBS_QUAL", "")
        if span is None:
            raise _Defect("TIME_PERIOD", label, "une période de la fréquence de la série", "période")
        if code not in STATUS or quality not in _QUALITY:
            name = "OBS_STATUS" if code not in STATUS else "OBS_QUAL"
            raise _Defect(name, attributes[name], "un code de qualité connu", "code de qualité")
        published = attributes.get("DATE_JO")
        if published and ((day := _day(published)) is None or day < span[0]):
            raise _Defect("DATE_JO", published, "une date, après la période", "date de parution")
        value = None if text in _MISSING else _number(text)
        missing = STATUS[code] == "M"
        if (value is None) != missing:
            found = text or "vide"
            raise _Defect("OBS_VALUE", found, "une case vide" if missing else "un nombre", "valeur")
        if value is not None and known.unit == "percent" and not 0 <= value <= 100:
            raise _Defect("OBS_VALUE", text, "un taux de 0 à 100", "valeur")
        decimals = len(text.partition(".")[2])
        if value is not None and self.series.get("DECIMALS", "").isdigit() and decimals > int(self.series["DECIMALS"]):
            raise _Defect("OBS_VALUE", text, f"{self.series['DECIMALS']} décimales au plus", "valeur")
        mark = _QUALITY[quality] or (None if code == "A" else code)
        return Cell(
            indicator_code=known.indicator_code,
            territory_level=known.territory[0],
            territory_code=known.territory[1],
            territory_label=known.territory[2],
            period_start=span[0],
            period_end=span[1],
            period_label=label,
            value=value,
            unit=known.unit,
            printed_text=text or code,
            printed_step=Decimal(1).scaleb(-decimals) if value is not None else None,
            source_sheet=self.idbank,
            source_row=self.rank,
            source_column="OBS_VALUE",
            obs_status="P" if _QUALITY[quality] and not missing else STATUS[code],
            marker=mark,
        )

    def close(self) -> None:
        """Keep the series, one observation a period, without a hole."""
        first: dict[date, Cell] = {}
        kept: list[Cell] = []
        for cell in self.cells:
            if first.setdefault(cell.period_start, cell) is cell:
                kept.append(cell)
            else:
                self._reject("TIME_PERIOD", cell.period_label, "une seule observation par période", "doublon", cell)
        days = sorted(first)
        for earlier, later in pairwise(days):
            if (later - first[earlier].period_end).days != 1:
                expected = f"la période qui suit {first[earlier].period_label}"
                self._reject("TIME_PERIOD", first[later].period_label, expected, "suite des périodes", first[later])
        if self.known and self.known.unit == "other":
            self._price_moves([first[day] for day in days])
        self.all += kept
        self.reading.keep(kept)
        self.known, self.cells = None, []

    def _price_moves(self, cells: list[Cell]) -> None:
        for index, cell in enumerate(cells):
            around = [one for one in (cells[index - 1] if index else None, *cells[index + 1 : index + 2]) if one]
            moves = [_move(one, cell) for one in around]
            if moves and all(move > _MONTHLY_PRICE_MOVE for move in moves):
                self.reading.flag(
                    found=cell.printed_text, expected=f"un indice proche de {around[0].printed_text}",
                    sheet=self.idbank,
                    rule="saut d'un mois à l'autre", row=cell.source_row, column="OBS_VALUE", name="OBS_VALUE",
                    advice=_ADVICE,
                )  # fmt: skip

    def finish(self) -> None:
        """The rules between series."""
        rates = [cell for cell in self.all if cell.indicator_code == "unemployment_rate"]
        flag_hardly_believable(self.reading, rates, {"OBS_VALUE": "OBS_VALUE"})
        if not self.seen and not self.reading.rejects:
            _refuse(self.reading, "aucune série", "au moins une série", "série")

    def _reject(self, name: str, found: str, expected: str, rule: str, cell: Cell | None = None) -> None:
        rank = cell.source_row if cell else self.rank or None
        _refuse(self.reading, found, expected, rule, series=self.idbank, rank=rank, name=name)


def _move(one: Cell, other: Cell) -> Decimal:
    """By how many percent a value differs from its neighbour."""
    if not one.value or other.value is None:
        return Decimal(0)
    return abs(Decimal(other.value) / Decimal(one.value) - 1) * 100


def _period(label: str, frequency: str) -> tuple[date, date] | None:
    if frequency == "T":
        return quarter(label)
    if frequency == "M" and (found := re.fullmatch(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])", label)):
        return months(int(found[1]), int(found[2]), 1)
    if frequency == "A" and re.fullmatch(r"(19|20)\d\d", label):
        return months(int(label), 1, 12)
    return None


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", text) else None


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="insee_bdm_sdmx",
        publisher="insee",
        dataset="unemployment",
        title_fr="Séries de la BDM, service SDMX",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
        covers_itself_only=True,
    ),
)

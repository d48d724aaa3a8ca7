"""What a change to the project itself must leave true, besides its tests."""

from collections.abc import Iterator

from dagster_project.catalogue import load_catalogue
from dagster_project.errors import BilanError
from dagster_project.settings import DBT_PROJECT, Settings


def check_project(settings: Settings) -> Iterator[str]:
    """Check raw/, dbt, the dictionary and Dagster's definitions; a French line for each.

    Raises:
        BilanError: something does not hold.
    """
    editions = [edition for dataset in load_catalogue(settings.raw) for edition in dataset.editions]
    yield f"raw/ : {len(editions)} éditions, chaque fichier est celui de sa fiche"
    _parse_without_warning()
    yield "dbt : le projet se lit sans avertissement"
    yield f"dictionnaire : {_described()} colonnes publiées, toutes décrites"
    yield f"Dagster : {_valid_definitions()} assets, définitions valides"


def _parse_without_warning() -> None:
    from dbt.cli.main import dbtRunner

    warnings: list[str] = []

    def listen(event: object) -> None:
        if event.info.level == "warn":  # type: ignore[attr-defined]
            warnings.append(event.info.msg)  # type: ignore[attr-defined]

    project = str(DBT_PROJECT)
    arguments = ["parse", "--no-partial-parse", "--project-dir", project, "--profiles-dir", project]
    outcome = dbtRunner(callbacks=[listen]).invoke([*arguments, "--log-level", "none", "--log-level-file", "none"])
    if not outcome.success or warnings:
        raise BilanError("\n".join(warnings) or f"dbt parse : {outcome.exception}")


def _described() -> int:
    from dagster_project.release.stage import dictionary_rows

    rows = list(dictionary_rows())
    told = [(row, (row.label_fr, row.description_fr, row.table_description_fr)) for row in rows]
    if bare := [f"{row.table_name}.{row.column_name}" for row, texts in told if not all(texts)]:
        raise BilanError("Colonnes sans libellé ou sans description : " + ", ".join(bare))
    return len(rows)


def _valid_definitions() -> int:
    import dagster as dg

    from dagster_project.definitions import build_definitions

    definitions = build_definitions()
    dg.Definitions.validate_loadable(definitions)
    return len(definitions.resolve_asset_graph().get_all_asset_keys())

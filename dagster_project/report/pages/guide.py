"""What helps a reader: the dictionary with its lineage, the indicators, how to read and connect, and the search."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.connect import TOOLS, connection_text
from dagster_project.report import french
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Line, Table
from dagster_project.settings import Settings

_HOME = ("index.html", "Accueil")
_DICTIONARY = ("dictionnaire.html", "Dictionnaire")
# A page that anybody may read says nothing of the machine it was written on.
_SOMEWHERE = Settings(Path("/chemin/vers/raw"), Path("/chemin/vers/warehouse"))


@dataclass(frozen=True)
class Described:
    """A published table: what it holds, its key, and the way from the archived files to it."""

    name: str
    description: str
    columns: Table
    key: str
    raw: list[str]
    steps: list[str]


def write(site: Site) -> None:
    """Write the dictionary, the definitions and the plain pages."""
    _dictionary(site)
    _definitions(site)
    _territories(site)
    _connect(site)
    plain = (
        (
            "comprendre.html",
            "Comprendre les chiffres",
            "Statuts, verdicts, signes, unités, licences, accessibilité.",
            "understand.html.j2",
        ),
        ("recherche.html", "Rechercher", "Un chiffre, un territoire, un indicateur, une action.", "search.html.j2"),
    )
    for path, title, summary, template in plain:
        site.find(title, summary, path)
        site.write(Page(path, title, summary, [_HOME]), template)


def _dictionary(site: Site) -> None:
    page = Page(
        "dictionnaire.html",
        "Dictionnaire",
        "Chaque table publiée, chaque colonne, et le chemin du fichier à la table.",
        [_HOME],
    )
    columns: dict[str, list[Row]] = {}
    for row in site.marts.table("data_dictionary", order="table_name, column_order"):
        columns.setdefault(row["table_name"], []).append(row)
    lineage = _Lineage()
    tables = [_described(site, lineage, name, rows) for name, rows in columns.items()]
    for table in tables:
        site.find(f"Table {table.name}", table.description, f"{page.path}#{table.name}")
    site.write(page, "dictionary.html.j2", tables=tables)


def _described(site: Site, lineage: "_Lineage", name: str, rows: list[Row]) -> Described:
    lines = [
        Line(row["column_name"], [row["label_fr"], row["data_type"], row["unit"] or "", row["description_fr"]])
        for row in rows
    ]
    table = site.table(
        f"dictionnaire-{french.slug(name)}",
        f"Colonnes de {name}",
        ["Colonne", "Libellé", "Type", "Unité", "Définition"],
        lines,
        text_columns=(0, 1, 2, 3),
    )
    has_dataset = any(row["column_name"] == "dataset" for row in rows)
    found = site.marts.rows(f"select distinct dataset from marts.{name} order by dataset") if has_dataset else []
    raw = [row["dataset"] for row in found if row["dataset"]]
    return Described(
        name, rows[0]["table_description_fr"], table, ", ".join(site.marts.keys.get(name, ())), raw, lineage.steps(name)
    )


def _connect(site: Site) -> None:
    page = Page(
        "connexion.html", "Se connecter", "Ouvrir la base ou les fichiers avec ses outils, en lecture seule.", [_HOME]
    )
    site.find(page.title, page.summary, page.path)
    recipes = []
    for tool, title in TOOLS.items():
        recipes.append((tool, title, connection_text(_SOMEWHERE, tool)))
        site.find(f"Se connecter avec {title}", page.summary, f"{page.path}#{tool}")
    site.write(page, "connect.html.j2", recipes=recipes)


class _Lineage:
    """The models between the archived files and a mart, as the project declares them."""

    def __init__(self) -> None:
        from dagster_project.dbt import manifest

        document = manifest()
        self._parents: dict[str, list[str]] = document["parent_map"]
        self._nodes: dict[str, Any] = {**document["nodes"], **document["sources"]}
        self._by_name = {
            node["name"]: unique for unique, node in document["nodes"].items() if node["resource_type"] == "model"
        }

    def steps(self, mart: str) -> list[str]:
        """Sources and seeds first, then each model after those it reads."""
        if mart not in self._by_name:
            return []
        ordered = list(dict.fromkeys(self._upstream(self._by_name[mart])))
        return [self._words(self._nodes[unique]) for unique in ordered if unique in self._nodes]

    def _upstream(self, unique: str) -> Iterator[str]:
        for parent in sorted(self._parents.get(unique, [])):
            yield from self._upstream(parent)
        yield unique

    def _words(self, node: dict[str, Any]) -> str:
        kind = {"source": "raw", "seed": "nomenclature"}.get(node["resource_type"], node.get("schema", ""))
        return f"{kind}.{node['name']}"


def _definitions(site: Site) -> None:
    page = Page(
        "definitions.html",
        "Définitions des indicateurs",
        "Chaque indicateur : unité, définition, libellé du producteur.",
        [_HOME, _DICTIONARY],
    )
    lines = []
    for row in sorted(site.indicators.values(), key=lambda row: row["label_fr"]):
        site.find(
            row["label_fr"],
            f"Définition : {row['definition_fr'] or 'telle que l’imprime le rapport'}",
            f"{page.path}#{row['indicator_code']}",
            row["indicator_code"],
        )
        lines.append(
            Line(
                _anchored(row),
                [
                    french.unit_of(row["unit"]),
                    row["definition_fr"] or "",
                    row["publisher_label"] or "",
                    row["publisher_code"] or "",
                    row["mart"],
                ],
            )
        )
    table = site.table(
        "definitions",
        "Indicateurs",
        ["Indicateur", "Unité", "Définition", "Libellé du producteur", "Code du producteur", "Table"],
        lines,
        text_columns=(0, 1, 2, 3, 4),
    )
    site.write(page, "definitions.html.j2", table=table)


def _anchored(row: Row) -> Any:
    from markupsafe import Markup

    return Markup('<span id="{}">{}</span>').format(row["indicator_code"], row["label_fr"])


def _territories(site: Site) -> None:
    page = Page(
        "territoires/index.html", "Territoires", "Une page par région, par département et par métropole.", [_HOME]
    )
    groups = [
        (
            region,
            site.places.within(region["territory_code"], "departement"),
            site.places.within(region["territory_code"], "epci"),
        )
        for region in site.places.regions
    ]
    site.write(page, "territories.html.j2", groups=groups)

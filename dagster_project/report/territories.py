"""What the marts know of one territory: the rows its page and its workbook both show."""

from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.references import reference_of


def profile(known: Known, place: Row) -> list[Row]:
    """Its indicators, each at its newest period, beside region and country."""
    level, code = place["territory_level"], place["territory_code"]
    return known.marts.of("territory_profile", level, code, "and not contains(indicator_code, ':')")


def contracts(known: Known, place: Row) -> list[Row]:
    """What the State grants it by convention, and to the metropolises inside it; for a region, to every signatory."""
    level, code = place["territory_level"], place["territory_code"]
    if level == "region":
        return known.marts.table("contracted_amount", "region_code = ?", code, order="year desc, line_order")
    inside = [code] + [
        row["territory_code"]
        for row in known.places.within(place["region_code"], "epci")
        if level == "departement" and row["departement_code"] == code
    ]
    marks = ", ".join("?" for _ in inside)
    return known.marts.table(
        "contracted_amount", f"territory_code in ({marks}) and not is_total", *inside, order="year desc, line_order"
    )


def printed(known: Known, place: Row) -> list[Row]:
    """The figures a report prints of it alone, those that have a table of their own excepted."""
    level, code = place["territory_level"], place["territory_code"]
    alone = "and repeat_of is null and indicator_code is null and unit <> 'eur'"
    return known.marts.of("key_figure", level, code, alone)


def actions(known: Known, place: Row) -> list[Row]:
    """The local actions that name it; for a region, all those of its reports."""
    if place["territory_level"] != "region":
        return known.marts.table(
            "local_action", "list_contains(string_split(territory_codes, ';'), ?)", place["territory_code"]
        )
    editions = [name for name, row in known.editions.items() if row["region_code"] == place["territory_code"]]
    return known.marts.table("local_action", "list_contains(?, edition)", editions, order="report, source_line")


def gaps(known: Known, place: Row) -> list[Row]:
    """The gaps that name it, or that one of its own figures is in."""
    own = {reference_of(row) for row in known.marts.of("key_figure", place["territory_level"], place["territory_code"])}
    return [
        gap
        for gap in known.checks.gaps
        if any(term["reference"] in own for term in known.checks.terms[gap["relation_id"]])
        or place["territory_name"] in f"{gap['diagnosis_fr']} {gap['waiver_reason_fr']}"
    ]

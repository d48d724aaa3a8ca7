"""The strategy itself, as a report tells it: its measures, the initiatives it illustrates, its governance."""

from dagster_project.readers.table import Column, Layout, boolean, integer, iso_date, one_of, text
from dagster_project.readers.transcription import territory_level

REPORT_MEASURES = Layout(
    "report_measures",
    (
        Column("measure_id", "varchar", text, required=True),
        Column("axis", "integer", integer, required=True),
        Column("measure_order", "integer", integer, required=True),
        Column("level", "integer", integer, required=True),
        Column("parent_measure_id", "varchar", text),
        Column("heading", "varchar", text, required=True),
        Column("lead_body", "varchar", text),
        Column("lead_role", "varchar", one_of("follows", "runs")),
        Column("under_calpae", "boolean", boolean, required=True),
        Column("source_line", "integer", integer, required=True),
        Column("lead_source_line", "integer", integer),
    ),
)

REPORT_LOCAL_ACTIONS = Layout(
    "report_local_actions",
    (
        Column("action_id", "varchar", text, required=True),
        Column("axis", "integer", integer, required=True),
        Column("measure_id", "varchar", text),
        Column("title", "varchar", text, required=True),
        Column("territory_level", "varchar", territory_level, required=True),
        Column("territory_codes", "varchar", text),
        Column("territory_labels", "varchar", text),
        Column("bearer", "varchar", text),
        Column("description_fr", "varchar", text, required=True),
        Column("source_line", "integer", integer, required=True),
        Column("end_line", "integer", integer, required=True),
        Column("figure_ids", "varchar", text),
    ),
)

REPORT_GOVERNANCE = Layout(
    "report_governance",
    (
        Column("body_id", "varchar", text, required=True),
        Column(
            "kind", "varchar", one_of("working_group", "ad_hoc_group", "conference", "structure", "body"), required=True
        ),
        Column("number", "varchar", text),
        Column("name", "varchar", text, required=True),
        Column("pilots", "varchar", text),
        Column("co_pilots", "varchar", text),
        Column("territory_label", "varchar", text),
        Column("participants", "integer", integer),
        Column("held_on", "date", iso_date),
        Column("status", "varchar", one_of("active", "merged", "planned", "completed", "suspended")),
        Column("description_fr", "varchar", text, required=True),
        Column("source_line", "integer", integer, required=True),
    ),
)

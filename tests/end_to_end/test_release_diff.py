"""A release that would change what is published beyond the thresholds waits for a person's approval."""

import json
import re
from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import UnapprovedChangeError, WrongUseError
from dagster_project.query import open_release, rows_of
from dagster_project.release.diff.kept import diff_of_releases
from dagster_project.release.serve import serve
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.release.publishing import publish_stage

# As an earlier release might have been: a column under another name, a row more, another value.
EARLIER = """
    alter table marts.population rename column population to inhabitants;
    insert into marts.scheme_total select * replace ('déc-17' as period_label) from marts.scheme_total limit 1;
    update marts.beneficiaries set beneficiaries = 620
    where territory_code = '48' and benefit = 'rsa' and month = date '2018-12-01';
"""


def as_if_published(settings: Settings, sql: str, *marts: str) -> None:
    """Make the served release another one than the code and raw/ would make."""
    folder = settings.served.resolve().parent
    for path in (folder, folder / "bilan.duckdb", folder / "manifest.json"):
        path.chmod(0o755)
    with duckdb.connect(str(folder / "bilan.duckdb")) as connection:
        connection.execute(sql)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for mart in marts:
        manifest["marts"][mart]["sha256"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def signed(message: str) -> str:
    entry = message[message.index("- approval_id: ") :]
    entry = re.sub("approved_by: ''", "approved_by: Mme Martin", entry)
    return re.sub("reason_fr: ''", "reason_fr: la lecture de 2018 est corrigée", entry)


def test_a_release_tells_what_it_changes(published: Settings) -> None:
    folder = published.served.resolve().parent
    assert "Première version" in (folder / "diff.md").read_text(encoding="utf-8")
    assert "Première version" in (folder / "diff.html").read_text(encoding="utf-8")
    with open_release(published) as marts:
        (signal,) = rows_of(marts, "select * from marts.release_change where change_kind = 'signal'")
    assert (signal["change_order"], signal["sentence_fr"][:16]) == (1, "Première version")
    assert "diff.md" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]


def test_what_waits_is_named_and_published_once_signed_and_only_once(whole_workshop: Settings, stage: Path) -> None:
    as_if_published(whole_workshop, EARLIER, "population", "scheme_total", "beneficiaries")
    first = whole_workshop.served.readlink()

    with pytest.raises(UnapprovedChangeError) as refusal:
        publish_stage(whole_workshop, stage)
    message = str(refusal.value)
    assert "population.inhabitants : colonne retirée ou renommée (1)" in message
    assert "scheme_total : lignes retirées (1)" in message
    assert "déc-17" in message
    assert "departement, 48, 2018-12-01, rsa : 620 → 1240 (+100.00 %)" in message
    assert refusal.value.defects == 3
    assert refusal.value.exit_code == 3
    assert whole_workshop.served.readlink() == first
    assert len(list(whole_workshop.releases.iterdir())) == 1
    assert (whole_workshop.warehouse / "a_approuver.csv").read_text(encoding="utf-8").count("\n") == 4

    approvals = whole_workshop.raw / "approvals"
    approvals.mkdir()
    (approvals / "2026.yml").write_text(signed(message), encoding="utf-8")
    outcome = run_refresh(whole_workshop, force=True, tell=lambda text: None)
    assert outcome.message.endswith("publiée.")
    assert "1 valeur changée, 1 ligne retirée, 2 colonnes changées" in outcome.summary[-4]
    assert outcome.summary[-1] == f"Au-delà des seuils, et approuvé : {Path(first).parent.name}-1."
    assert not (whole_workshop.warehouse / "a_approuver.csv").exists()
    with open_release(whole_workshop) as marts:
        approved = rows_of(marts, "from marts.release_change where approval_id is not null order by change_order")
    assert [(row["mart"], row["change_kind"], row["old_value"]) for row in approved] == [
        ("population", "schema", "BIGINT"),
        ("beneficiaries", "changed", "620"),
        ("scheme_total", "removed", approved[-1]["old_value"]),
    ]

    told = diff_of_releases(whole_workshop, None, None)
    assert told.startswith("# Version ") and "620 → 1\u202f240" in told
    back = diff_of_releases(whole_workshop, Path(first).parent.name, whole_workshop.served.resolve().parent.name)
    assert "1\u202f240 → 620" in back
    with pytest.raises(WrongUseError, match="elle-même"):
        diff_of_releases(whole_workshop, None, whole_workshop.served.resolve().parent.name)

    serve(whole_workshop, Path(first).parent.name)
    with pytest.raises(UnapprovedChangeError):
        publish_stage(whole_workshop, stage)

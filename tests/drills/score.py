"""The score of the drills, made from the tests' report: what was expected, what was obtained, what to look at."""

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from dagster_project.release.fingerprint import git_commit
from tests.drills import counts

_LONGEST_FAILURE = 600


@dataclass
class Drill:
    """All the tests of one title, counted together."""

    title: str
    expected: str
    passed: int = 0
    tried: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    failed_tests: int = 0

    @property
    def verdict(self) -> str:
        if self.failed_tests:
            return "échec"
        return "réussi" if self.tried else "non exécuté"

    def add(self, case: ET.Element, properties: list[tuple[str, str]]) -> None:
        """Count one test: the trials it counted itself, or one."""
        counts = {name: int(value) for name, value in properties if name in ("tried", "passed")}
        failures = [value for name, value in properties if name == "failure"]
        bad = [*case.findall("failure"), *case.findall("error")]
        skipped = case.find("skipped")
        self.seconds += float(case.get("time", 0))
        if skipped is not None:
            self.not_run.append(f"{case.get('name')} : {skipped.get('message')}")
            return
        self.failed_tests += bool(bad)
        self.tried += counts.get("tried", 1)
        self.passed += counts.get("passed", 0 if bad else 1)
        self.failures += failures or [f"{case.get('name')} : {one.get('message')}" for one in bad]


def read_report(path: Path) -> list[Drill]:
    """The drills of a JUnit report, in the order they ran; tests that are no drill are left out."""
    drills: dict[str, Drill] = {}
    for case in ET.parse(path).iter("testcase"):
        properties = [(one.get("name", ""), one.get("value", "")) for one in case.iter("property")]
        named = dict(properties)
        if "drill" in named:
            drill = drills.setdefault(named["drill"], Drill(named["drill"], named["expected"]))
            drill.add(case, properties)
    return list(drills.values())


def write_score(report: Path, folder: Path) -> list[Drill]:
    """Write ``score.json`` and ``score.html`` in the folder."""
    drills = read_report(report)
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    document = {
        "made_at": made_at,
        "git_commit": git_commit(),
        "seed": counts.SEED,
        "counts": _counts(),
        "passed": bool(drills) and all(drill.verdict == "réussi" for drill in drills),
        "drills": [asdict(drill) | {"verdict": drill.verdict} for drill in drills],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / "score.json").write_text(text, encoding="utf-8")
    (folder / "score.html").write_text(_page(drills, made_at), encoding="utf-8")
    return drills


def _counts() -> dict[str, int]:
    return {name.lower(): value for name, value in vars(counts).items() if name.isupper() and name != "SEED"}


def _page(drills: list[Drill], made_at: str) -> str:
    rows = "\n".join(
        f"<tr><th scope='row'>{escape(drill.title)}</th><td>{escape(drill.expected)}</td>"
        f"<td class='n'>{drill.passed} sur {drill.tried}</td><td class='n'>{drill.seconds:.0f} s</td>"
        f"<td><strong>{drill.verdict}</strong></td></tr>"
        for drill in drills
    )
    details = "\n".join(
        f"<h2>{escape(drill.title)} : {title}</h2>\n<ul>\n"
        + "\n".join(f"<li><code>{escape(line[:_LONGEST_FAILURE])}</code></li>" for line in lines)
        + "\n</ul>"
        for drill in drills
        for title, lines in (("à voir", drill.failures), ("non exécuté", drill.not_run))
        if lines
    )
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Exercices de panne de Bilan</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding-bottom: .5rem; }}
th, td {{ border: 1px solid #767676; padding: .4rem .6rem; text-align: left; vertical-align: top; }}
.n {{ text-align: right; white-space: nowrap; }}
code {{ overflow-wrap: anywhere; white-space: pre-wrap; }}
</style>
</head>
<body>
<main>
<h1>Exercices de panne de Bilan</h1>
<p>Joués le {made_at} (UTC), version du code {escape(git_commit() or "inconnue")}, graine {counts.SEED}.
Pour rejouer les mêmes tirages : <code>make drills BILAN_SEED={counts.SEED}</code>.</p>
<table>
<caption>Ce qui est exigé de chaque exercice, et ce qui a été obtenu</caption>
<thead><tr><th scope="col">Exercice</th><th scope="col">Attendu</th><th scope="col">Obtenu</th>
<th scope="col">Durée</th><th scope="col">Verdict</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{details}
</main>
</body>
</html>
"""

"""Whether a run could publish anything new, told from hashes alone, before anything slow is loaded."""

import json
from collections.abc import Sequence
from typing import Any

from dagster_project.release.fingerprint import Fingerprint
from dagster_project.release.serve import served_manifest, write_json
from dagster_project.settings import Settings

_SAME_CONTENT = ".same_content.json"


def is_already_served(settings: Settings, made_from: Fingerprint) -> bool:
    """Whether the served release was made from these inputs and this code, or proved to have their content."""
    return refused_as_served(settings, made_from) is not None


def refused_as_served(settings: Settings, made_from: Fingerprint) -> list[str] | None:
    """The messages on the editions refused among these inputs; None where what is served may not be their content."""
    served = served_manifest(settings)
    if served is None:
        return None
    wanted = (made_from.inputs_sha256, made_from.code_version)
    if (served["inputs_sha256"], served["code_version"]) == wanted:
        return list(served["checks"]["refused"])
    try:
        noted = json.loads((settings.warehouse / _SAME_CONTENT).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if (noted["release_id"], noted["inputs_sha256"], noted["code_version"]) != (served["release_id"], *wanted):
        return None
    return list(noted["refused"])


def note_same_content(
    settings: Settings, served: dict[str, Any], made_from: Fingerprint, refused: Sequence[str]
) -> None:
    """Remember that these inputs and this code give the served content, so that the next run need not rebuild it.

    No manifest tells of the editions that were refused meanwhile: their messages are kept with it.
    """
    write_json(
        settings.warehouse / _SAME_CONTENT,
        {
            "release_id": served["release_id"],
            "inputs_sha256": made_from.inputs_sha256,
            "code_version": made_from.code_version,
            "refused": list(refused),
        },
    )

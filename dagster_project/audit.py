"""What the locked environment is made of: hashes, bill of materials, licences, known vulnerabilities.

`make audit` runs it. What could not be checked is said, and is not a success.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.settings import PROJECT

LOCK = PROJECT / "uv.lock"
# Licences that oblige whoever distributes a program made with the package, and those of them read and accepted here.
_COPYLEFT = re.compile(r"\b(A?GPL|LGPL|GNU|EUPL|MPL|Mozilla|CeCILL)", re.IGNORECASE)
_ACCEPTED = {
    "certifi": "MPL-2.0: a list of certificates, unmodified",
    "hypothesis": "MPL-2.0: tests only, unmodified",
    "psycopg": "LGPL-3.0: optional, unmodified, imported as a library",
    "psycopg-binary": "LGPL-3.0: optional, unmodified, imported as a library",
    "psycopg2-binary": "LGPL-3.0 with exceptions: optional, unmodified, imported as a library",
    "pathspec": "MPL-2.0: development only, unmodified",
    "text-unidecode": "Artistic licence chosen among those offered",
    "tqdm": "MPL-2.0 beside MIT, unmodified",
}


class UncheckedError(BilanError):
    """Something could not be checked: nobody knows whether it is good."""

    exit_code = 4


def audit(uv: str, folder: Path) -> Iterator[str]:
    """Write the bill of materials and the licences in a folder, ask for vulnerabilities, and say what was found.

    Raises:
        BilanError: a package has no hash, a licence is not accepted, or a vulnerability is known.
        UncheckedError: the vulnerabilities of a package could not be asked for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packages = hashed_packages(LOCK.read_text(encoding="utf-8"))
    yield f"lock: {len(packages)} packages, each with the SHA-256 of every file"

    materials = folder / "sbom.cdx.json"
    _run([uv, "export", "--locked", "--quiet", "--format", "cyclonedx1.5", "--output-file", str(materials)])
    components = json.loads(materials.read_text(encoding="utf-8"))["components"]
    yield f"bill of materials: {len(components)} components, {materials}"

    licences = dict(sorted((found.name, licence(found)) for found in _installed(packages)))
    (folder / "licences.json").write_text(json.dumps(licences, indent=2) + "\n", encoding="utf-8")
    if refused := [f"{name} ({text or 'unknown'})" for name, text in licences.items() if not is_accepted(name, text)]:
        raise BilanError(f"Licences to read, and to accept or not in {Path(__file__).name}: {', '.join(refused)}")
    yield f"licences: {len(licences)} packages, all accepted, {folder / 'licences.json'}"

    requirements = folder / "requirements.txt"
    _run([uv, "export", "--locked", "--quiet", "--no-emit-project", "--output-file", str(requirements)])
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--require-hashes"]
    asked = subprocess.run(
        [*command, "--disable-pip", "--format", "json", "--progress-spinner", "off"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    yield vulnerabilities(asked.stdout, asked.stderr, len(packages))


def hashed_packages(lock: str) -> list[str]:
    """The names of the packages of a lock, the project itself left out.

    Raises:
        BilanError: a file of a package has no hash.
    """
    packages = [package for package in tomllib.loads(lock)["package"] if "registry" in package["source"]]
    if bare := [package["name"] for package in packages if not _is_hashed(package)]:
        raise BilanError(f"Without a hash in uv.lock: {', '.join(bare)}")
    return [package["name"] for package in packages]


def _is_hashed(package: dict[str, Any]) -> bool:
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    return bool(files) and all(file.get("hash", "").startswith("sha256:") for file in files)


def _installed(names: Sequence[str]) -> Iterator[Distribution]:
    """Those of the locked packages that this machine needs."""
    for name in names:
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue


def licence(found: Distribution) -> str:
    """What a package says of its licence: its expression, else its classifiers, else its free text's first line."""
    about = found.metadata
    expression = about.get_all("License-Expression", [])
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in about.get_all("Classifier", []) if line.startswith("License")]
    free_text = [text.strip().partition("\n")[0] for text in about.get_all("License", [])]
    return " | ".join(expression or classifiers or free_text)


def is_accepted(name: str, text: str) -> bool:
    """Whether a licence is permissive, or was read and accepted."""
    return name in _ACCEPTED or (bool(text) and not _COPYLEFT.search(text))


def vulnerabilities(answer: str, complaint: str, expected: int) -> str:
    """What pip-audit found. It calls a run that skipped every package a success: count what it looked at.

    Raises:
        BilanError: a vulnerability is known.
        UncheckedError: a package was not looked at.
    """
    try:
        found = json.loads(answer)["dependencies"]
    except (ValueError, KeyError) as error:
        reason = (complaint.strip().splitlines() or ["no answer"])[-1]
        raise UncheckedError(f"Vulnerabilities COULD NOT BE CHECKED: {reason}") from error
    if known := [f"{one['name']} {one['version']}: {bug['id']}" for one in found for bug in one.get("vulns", [])]:
        raise BilanError("Known vulnerabilities:\n" + "\n".join(known))
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in found if "skip_reason" in one]
    if skipped or not found:
        raise UncheckedError(
            f"Vulnerabilities COULD NOT BE CHECKED for {len(skipped)} of {expected} packages. "
            f"First reason: {(skipped or ['nothing was looked at'])[0]}"
        )
    return f"vulnerabilities: none known in {len(found)} packages"


def main() -> int:
    """Exit code 0 good, 1 bad, 4 could not check."""
    if len(sys.argv) != 3:
        print("python -m dagster_project.audit UV FOLDER", file=sys.stderr)
        return WrongUseError.exit_code
    uv, folder = sys.argv[1:]
    try:
        for line in audit(uv, Path(folder)):
            print(line)
    except BilanError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UncheckedError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())

"""A refresh, from ``raw/`` to a release: the steps the Dagster assets and the command line both call."""

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

import duckdb

from dagster_project.catalogue import Dataset, Edition, load_catalogue
from dagster_project.errors import BilanError, RefusedDataError
from dagster_project.formulas import neutral
from dagster_project.inbox import Filed, file_inbox
from dagster_project.machine import machine_words, memory_failure
from dagster_project.memory_watch import ends_when_memory_fails
from dagster_project.release.fingerprint import Fingerprint, fingerprint
from dagster_project.release.folders import remove
from dagster_project.release.janitor import tidy
from dagster_project.release.lock import run_lock
from dagster_project.release.space import check_space
from dagster_project.settings import Settings, duckdb_limits

if TYPE_CHECKING:
    from dagster_project.dbt import NodeResult
    from dagster_project.quality.disclosure.audit import Audit
    from dagster_project.quality.disclosure.cells import Memory
    from dagster_project.quality.disclosure.protect import Protection
    from dagster_project.quality.door_report import DoorReport
    from dagster_project.quality.verdicts import Reconciliation
    from dagster_project.release.publish import Published
    from dagster_project.release.stage import Received


def _warm_up() -> None:
    from dagster_project import dbt

    with suppress(Exception):  # The build meets the same, and says it.
        dbt.warm_up()


def _gap_line(relation_id: str, erratum: str, found: "Reconciliation") -> str:
    diagnosis = found.diagnoses[relation_id]
    return f"{relation_id} ({erratum}). {diagnosis.sentence if diagnosis else ''}".rstrip()


def _told(report: "DoorReport", edition: Edition) -> dict[str, Any]:
    """A report as the manifest tells it; of a restricted edition, no more than whether it came in.

    A remark on a cell would say something of it, and so does a count: a share is not given where its base is nothing.
    """
    told = asdict(report)
    if edition.sidecar.access == "restricted":
        told |= {"flags": [], "expectations": []} | dict.fromkeys(("rows_read", "rows_kept", "rows_set_aside"))
    return told


@dataclass(frozen=True)
class Narrator:
    """How a run tells what it is doing; silent by default."""

    step: Callable[[str], None] = lambda text: None


@dataclass
class Intake:
    """What the door made of a dataset: editions accepted, in publication order, and reports on all of them."""

    dataset: Dataset
    accepted: list[Edition] = field(default_factory=list)
    reports: "list[DoorReport]" = field(default_factory=list)

    @property
    def refused(self) -> list[str]:
        return [message for report in self.reports for message in report.messages]


class Refresh:
    """One run. Its stage is private; only `publish` touches what readers see."""

    def __init__(
        self,
        settings: Settings,
        catalogue: tuple[Dataset, ...],
        made_from: Fingerprint,
        *,
        republish: bool = False,
        anew: bool = False,
    ) -> None:
        from dagster_project.quality.accepted import Accepted
        from dagster_project.quality.door import Door
        from dagster_project.release.stage import fresh_stage

        self.settings = settings
        self.catalogue = catalogue
        self.made_from = made_from
        self.republish = republish
        self.narrator = Narrator()
        self.timings: dict[str, float] = {}
        self.intakes: dict[str, Intake] = {}
        self.published: Published | None = None
        self.filed: list[Filed] = []
        self._dbt_nodes = 0
        self._verdicts: dict[str, int] = {}
        self._waived: list[str] = []
        self.checks: dict[str, Any] = {}
        self.stage: Path = fresh_stage(settings)
        editions = [edition for dataset in catalogue for edition in dataset.editions]
        if anew:
            remove(settings.accepted)
            remove(settings.base)
        self._archive = Accepted(settings.accepted, editions)
        self._archive.tidy()
        self._door = Door(self.stage.parent, self._archive, editions)

    @classmethod
    @contextmanager
    def start(cls, settings: Settings, *, republish: bool = False, anew: bool = False) -> Iterator[Self]:
        """Take the lock, check every raw file against its sidecar, and open the door, to every edition if `anew`.

        Raises:
            LockHeldError: another run is under way.
            BilanError: the disk has not the room a run needs.
            RefusedDataError: a raw file is not the one its sidecar describes.
        """
        with run_lock(settings.lock), ends_when_memory_fails():
            tidy(settings)
            settings.to_approve.unlink(missing_ok=True)
            check_space(settings)
            duckdb_limits()  # what cannot be read of them is said before anything is done
            filed = file_inbox(settings.raw, date.today())
            refresh = cls(
                settings, load_catalogue(settings.raw), fingerprint(settings.raw), republish=republish, anew=anew
            )
            refresh.filed = filed
            with refresh._door:
                # The door may take seconds to load, in its own process: dbt loads meanwhile.
                warm_up = Thread(target=_warm_up, daemon=True)
                warm_up.start()
                try:
                    yield refresh
                finally:
                    refresh._leave_rejects()
                    remove(settings.stage)

    def dataset(self, name: str) -> Dataset:
        return next(dataset for dataset in self.catalogue if dataset.name == name)

    def take_in(self, name: str) -> Intake:
        """Hear what the door says of every edition of a dataset.

        A refused edition is passed over where an earlier one was accepted: the run goes on with that one.

        Raises:
            RefusedDataError: no edition left to go on with; one message a defect.
        """
        intake = Intake(self.dataset(name))
        self.intakes[name] = intake
        with self._timed("contrôle d'entrée"):
            for edition in intake.dataset.editions:
                self.narrator.step(f"Lecture de {edition.edition_id}")
                report = self._door.report(edition)
                intake.reports.append(report)
                if report.accepted:
                    intake.accepted.append(edition)
        if not intake.accepted:
            raise RefusedDataError("\n".join(intake.refused))
        return intake

    def take_in_the_rest(self) -> None:
        """Take in the datasets nobody asked for: those filed since the run's list of assets was made."""
        for dataset in self.catalogue:
            if dataset.name not in self.intakes:
                self.take_in(dataset.name)

    def write_context(self) -> None:
        """Write editions, relations, errata and the dictionary beside the raw rows.

        Raises:
            RefusedDataError: a relation or an erratum that cannot be read, or a file changed since the run began.
        """
        from dagster_project.quality.errata import read_errata
        from dagster_project.quality.relations import read_relations
        from dagster_project.release.kept import next_release_id
        from dagster_project.release.serve import served_manifest
        from dagster_project.release.stage import ReleaseFacts, write_context, write_raw

        with self._timed("préparation"):
            self._prove_raw_is_the_same()
            relations, rejects = read_relations(self.settings.raw)
            if rejects:
                raise RefusedDataError("\n".join(reject.message for reject in rejects))
            self._errata = read_errata(self.settings.raw)
            served = served_manifest(self.settings)
            now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
            self._facts = ReleaseFacts(
                release_id=next_release_id(self.settings, now, self.made_from.inputs_sha256),
                built_at=now,
                code_version=self.made_from.code_version,
                inputs_sha256=self.made_from.inputs_sha256,
                previous_release_id=served["release_id"] if served else None,
            )
            received = self.received
            write_raw(self.settings, self.stage, self._archive, [one.edition for one in received])
            write_context(self.stage, received, relations, self._errata, self._facts)

    def protect(self) -> "Protection":
        """Decide what may be told of restricted editions; nothing to decide, and nothing loaded, where there are none.

        Raises:
            RefusedDataError: a restricted dataset without thresholds, or cells that no mask can protect.
        """
        from dagster_project.quality.disclosure.protect import protect

        with self._timed("secret statistique"):
            self.narrator.step("Secret statistique")
            protection = protect(self.stage, self._memory)
        if protection.refusals:
            raise RefusedDataError("\n".join(protection.refusals))
        return protection

    def attack(self) -> "Audit":
        """Try to find the masked cells in what is about to be published and in the releases kept."""
        from dagster_project.quality.disclosure.audit import audit
        from dagster_project.release.kept import releases
        from dagster_project.release.proof import DATABASE

        with self._timed("secret statistique"):
            self.narrator.step("Contrôle du secret statistique")
            databases = [self.settings.releases / name / DATABASE for name in releases(self.settings)]
            return audit(self.stage, databases, self._memory)

    @cached_property
    def _memory(self) -> "Memory":
        from dagster_project.quality.disclosure.internal import remembered

        return remembered(self.settings)

    def _prove_raw_is_the_same(self) -> None:
        """What was read is what was hashed when the run began: nobody wrote to it in between."""
        now = fingerprint(self.settings.raw).inputs
        changed = [name for name, digest in self.made_from.inputs.items() if now.get(name) != digest]
        if changed:
            raise RefusedDataError(
                "\n".join(f"raw/{name} a changé pendant l'exécution : relancez." for name in changed)
            )

    def build(self, selection: list[str], phase: str) -> "list[NodeResult]":
        """Build part of the dbt project, with its tests."""
        from dagster_project import dbt

        with self._timed(phase):
            return dbt.build(self.stage, selection, lambda name: self.narrator.step(f"{phase} : {name}"))

    def stop_on_failures(self, results: "list[NodeResult]") -> None:
        """Stop the run at a model or a test that did not pass.

        Raises:
            BilanError: the machine is to blame.
            RefusedDataError: the data is; one line a model or a test.
        """
        self._dbt_nodes += len(results)
        failed = [result for result in results if not result.passed and result.status != "skipped"]
        if not failed:
            return
        sentences = filter(None, (machine_words(result.message) for result in failed))
        is_broken = any(result.status == "error" for result in failed)
        if sentence := next(sentences, None) or (memory_failure() if is_broken else None):
            raise BilanError(sentence)
        lines = [f"{result.unique_id.split('.')[2]} : {result.message.strip()}" for result in failed]
        raise RefusedDataError("\n".join(lines))

    def reconcile(self) -> "Reconciliation":
        """Judge every relation between figures, against the errata register."""
        from dagster_project.quality.verdicts import reconcile

        with self._timed("rapprochement"):
            self.narrator.step("Rapprochement des chiffres")
            found = reconcile(self.stage, self._errata)
        self._verdicts = dict(sorted(Counter(outcome.verdict for outcome in found.outcomes.values()).items()))
        self._waived = [
            _gap_line(relation_id, erratum, found) for relation_id, erratum in found.judgement.waived.items()
        ]
        return found

    def publish(self) -> "Published":
        """Publish the marts, unless the served release already says the same."""
        from dagster_project.release.publish import publish
        from dagster_project.spark import engine

        with self._timed("publication"):
            self.narrator.step("Publication")
            self.checks = {
                "door": [_told(report, edition) for edition, report in self._examined()],
                "dbt_nodes": self._dbt_nodes,
                "verdicts": self._verdicts,
                "waived": self._waived,
                "refused": self.refused_editions,
            }
            self.published = publish(
                self.settings,
                self.stage,
                self._facts,
                self.made_from,
                self.checks,
                republish=self.republish,
                part=self._part,
            )
            if engine() == "duckdb":
                self._keep_base()
            return self.published

    def _keep_base(self) -> None:
        from dagster_project.release.base import keep_base

        try:
            keep_base(self.settings, self.stage)
        except (OSError, duckdb.Error) as error:  # The release is published; the next run builds everything.
            remove(self.settings.base)
            self.narrator.step(f"Tables non gardées pour la prochaine actualisation : {error}")

    @property
    def refused(self) -> list[str]:
        """Messages on the files left in the inbox, and on the editions that were passed over."""
        dropped = [message for file in self.filed if not file.edition for message in file.messages]
        return dropped + self.refused_editions

    @property
    def refused_editions(self) -> list[str]:
        """What a release was made without, as its manifest tells it: the inbox is none of its inputs."""
        return [message for intake in self.intakes.values() for message in intake.refused]

    @property
    def flags(self) -> list[str]:
        """What was kept, and is hardly believable."""
        return [flag for intake in self.intakes.values() for report in intake.reports for flag in report.flags]

    def _examined(self) -> "Iterator[tuple[Edition, DoorReport]]":
        for intake in self.intakes.values():
            yield from zip(intake.dataset.editions, intake.reports, strict=False)

    def _leave_rejects(self) -> None:
        """The refused cells as a table people can open; none when nothing was refused."""
        path = self.settings.rejects
        rejects = [reject for intake in self.intakes.values() for report in intake.reports for reject in report.rejects]
        path.unlink(missing_ok=True)
        if rejects:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rejects[0]))
                writer.writeheader()
                writer.writerows({name: neutral(cell) for name, cell in reject.items()} for reject in rejects)

    @property
    def received(self) -> "list[Received]":
        """Accepted editions in publication order, each with: is it the newest of its report, or of its dataset?"""
        from dagster_project.release.stage import Received

        editions = [edition for intake in self.intakes.values() for edition in intake.accepted]
        newest = {self._succession(edition): edition.edition_id for edition in editions}
        return [
            Received(
                edition,
                self._archive.folder(edition).name,
                newest[self._succession(edition)] == edition.edition_id,
            )
            for edition in editions
        ]

    @staticmethod
    def _succession(edition: Edition) -> tuple[str, ...]:
        if edition.sidecar.transcribed_from:
            return edition.dataset, edition.sidecar.version_label
        return (edition.dataset,)

    @contextmanager
    def _part(self, phase: str) -> Iterator[None]:
        self.narrator.step(phase.capitalize())
        with self._timed(phase):
            yield

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        """Add to the time of a phase; a phase within another counts for itself only."""
        start, counted = time.monotonic(), sum(self.timings.values())
        try:
            yield
        finally:
            within = sum(self.timings.values()) - counted
            self.timings[phase] = self.timings.get(phase, 0.0) + time.monotonic() - start - within

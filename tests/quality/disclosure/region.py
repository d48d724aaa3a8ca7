"""A region's CALPAE answers, drawn at random with many small counts, and the editions that tell and revise them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.form import Question, Territory

REGION = "76"
TERRITORIES = form.territories_asked("region", REGION)
COUNTS = tuple(question for questions in form.QUESTIONS.values() for question in questions if question.is_count)

# An indicator at a territory.
Cell = tuple[str, str, str]


@dataclass
class Region:
    """Every count of a year, by territory then indicator; the region is the sum of those that answer."""

    year: int
    rng: random.Random
    sizes: tuple[int, ...] = (4, 12, 60, 400)
    """How many people a territory may count at most: the smaller, the more there is to mask."""
    answers: dict[Territory, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for territory in TERRITORIES:
            if territory.level == "departement" or (territory.level == "epci" and self.rng.random() < 0.5):
                self.answers[territory] = self._drawn()

    def revise(self, changes: int) -> None:
        """Change some counts a little; what contradicts itself after that is put right."""
        for _ in range(changes):
            answer = self.answers[self.rng.choice(list(self.answers))]
            code = self.rng.choice(list(answer))
            answer[code] = max(0, answer[code] + self.rng.randint(-3, 3))
        for answer in self.answers.values():
            for question in COUNTS:
                answer[question.code] = min(answer[question.code], *self._ceilings(question, answer), 10**6)

    def cells(self) -> Iterator[tuple[Cell, Decimal]]:
        """Counts, bases and percentages of those that answer, then of the region."""
        codes = next(iter(self.answers.values()))
        total = {code: sum(answer[code] for answer in self.answers.values()) for code in codes}
        for territory, answer in (*self.answers.items(), (TERRITORIES[-1], total)):
            for code, count in answer.items():
                yield (code, territory.level, territory.code), Decimal(count)
            for question in COUNTS:
                if question.share_code and question.base_code and answer[question.base_code]:
                    share = Decimal(100) * answer[question.code] / answer[question.base_code]
                    rounded = share.quantize(Decimal("0.1"), ROUND_HALF_UP)
                    yield (question.share_code, territory.level, territory.code), rounded

    def _drawn(self) -> dict[str, int]:
        answer: dict[str, int] = {}
        sizes = {code: self.rng.choice(self.sizes) for code in ("ase_leavers", "rsa_new_recipients")}
        for question in COUNTS:
            if question.code in sizes:
                answer[question.code] = self.rng.randint(0, sizes[question.code])
                continue
            if question.base_is_asked and question.base_code:
                answer[question.base_code] = self.rng.randint(0, answer["rsa_new_recipients"])
            answer[question.code] = self.rng.randint(0, min(self._ceilings(question, answer)))
        return answer

    @staticmethod
    def _ceilings(question: Question, answer: dict[str, int]) -> list[int]:
        return [answer[code] for code in (question.base_code, question.part_of) if code in answer]

"""The datasets of Melodi that are read, and what each of their measures is."""

from dataclasses import dataclass

from dagster_project.readers.insee.filosofi_columns import MEASURES, Measure

SECOND_GENERATION = 2023
_SUFFIX = "_filosofi2"


@dataclass(frozen=True)
class MelodiDataset:
    """A dataset: the dimension that names its measures, and each measure."""

    dimension: str
    measures: dict[str, Measure]
    is_filosofi: bool


_FILOSOFI = {
    "NUM_HH": "NBMEN", "NUM_PER": "NBPERS", "NUM_CU": "NBUC", "MED_SL": "Q2", "Q1_SL": "Q1", "Q3_SL": "Q3",
    "IQR_SL": "Q3_Q1", **{f"D{n}_SL": f"D{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9)}, "IR_D9_D1_SL": "RD",
    "S80S20_SL": "S80S20", "GI_SL": "GI", "S_HH_TAX": "PIMP", "PR_MD60": "TP60", "S_EI_DI": "PACT",
    "S_EI_DI_SAL": "PTSA", "S_EI_DI_UNE": "PCHO", "S_EI_DI_N_SAL": "PBEN", "S_RET_PEN_DI": "PPEN",
    "S_INC_ASS_DI": "PPAT", "S_SOC_BEN_DI": "PPSOC", "S_SOC_BEN_DI_FAM_BEN": "PPFAM",
    "S_SOC_BEN_DI_MIN_SOC": "PPMINI", "S_SOC_BEN_DI_HOU_BEN": "PPLOGT", "S_DIR_TAX_DI": "PIMPOT",
}  # fmt: skip
_POPULATIONS = {
    "PMUN": Measure("PMUN", "reference_population_municipal", "person", "count"),
    "PCAP": Measure("PCAP", "reference_population_counted_apart", "person", "count"),
    "PTOT": Measure("PTOT", "reference_population_total", "person", "count"),
}
DATASETS = {
    "DS_FILOSOFI_CC": MelodiDataset(
        "FILOSOFI_MEASURE", {code: MEASURES[key] for code, key in _FILOSOFI.items()}, is_filosofi=True
    ),
    "DS_POPULATIONS_REFERENCE": MelodiDataset("POPREF_MEASURE", _POPULATIONS, is_filosofi=False),
}


def indicator_of(measure: Measure, year: int, *, is_filosofi: bool) -> str:
    """The code of an indicator: a second generation of Filosofi has its own, so that no series crosses the break."""
    return measure.indicator + (_SUFFIX if is_filosofi and year >= SECOND_GENERATION else "")

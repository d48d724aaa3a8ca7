"""Series of INSEE's macro-economic databank (BDM): which territory each is for, its periods, and its status codes."""

import re
from datetime import date, timedelta
from functools import cache

from dagster_project.readers.nomenclature import names, plain

Territory = tuple[str, str, str]

# The list of the BDM's dataset TAUX-CHOMAGE: identifier and area (D départements, R regions). INSEE also publishes a
# national rate without Mayotte, which is not the country: it keeps INSEE's own area code.
_TEXT = """
001515842 FM 001515843 R11 001515847 R24 001515854 R52 001515855 R53 001515862 D12 001515864 R93 001515865 R94
001515866 D01 001515867 D02 001515868 D03 001515869 D04 001515870 D05 001515871 D06 001515872 D07 001515873 D08
001515874 D09 001515875 D10 001515876 D11 001515877 D13 001515878 D14 001515879 D15 001515880 D16 001515881 D17
001515882 D18 001515883 D19 001515884 D2A 001515885 D2B 001515886 D21 001515887 D22 001515888 D23 001515889 D24
001515890 D25 001515891 D26 001515892 D27 001515893 D28 001515894 D29 001515895 D30 001515896 D31 001515897 D32
001515898 D33 001515899 D34 001515900 D35 001515901 D36 001515902 D37 001515903 D38 001515904 D39 001515905 D40
001515906 D41 001515907 D42 001515908 D43 001515909 D44 001515910 D45 001515911 D46 001515912 D47 001515913 D48
001515914 D49 001515915 D50 001515916 D51 001515917 D52 001515918 D53 001515919 D54 001515920 D55 001515921 D56
001515922 D57 001515923 D58 001515924 D59 001515925 D60 001515926 D61 001515927 D62 001515928 D63 001515929 D64
001515930 D65 001515931 D66 001515932 D67 001515933 D68 001515934 D69 001515935 D70 001515936 D71 001515937 D72
001515938 D73 001515939 D74 001515940 D75 001515941 D76 001515942 D77 001515943 D78 001515944 D79 001515945 D80
001515946 D81 001515947 D82 001515948 D84 001515949 D85 001515950 D86 001515951 D87 001515952 D88 001515953 D89
001515954 D90 001515955 D91 001515956 D92 001515957 D93 001515958 D94 001515959 D95 001515960 D83 001739980 R27
001739981 R28 001739982 R32 001739983 R44 001739984 R75 001739985 R76 001739986 R84 010751337 D971 010751338 D972
010751339 D973 010751340 D974 010754822 FR-D976
"""
_SERIES = _TEXT.split()
AREA_OF_SERIES: dict[str, str] = dict(zip(_SERIES[::2], _SERIES[1::2], strict=True))

_NATIONAL: dict[str, Territory] = {
    "FM": ("country", "FR-METRO", "France métropolitaine"),
    "FE": ("country", "FR", "France"),
    "FR-D976": ("other", "FR-D976", "France entière (hors Mayotte)"),
}
_NATIONAL_NAMES = {
    "francemetropolitaine": "FM",
    "franceentierehorsmayotte": "FR-D976",
    "francehorsmayotte": "FR-D976",
}
_UNEMPLOYMENT = re.compile(
    r"taux de ch[oô]mage localis[ée]s? par (r[ée]gion|d[ée]partement|zone d.emploi) - (.+)", re.I
)
_QUARTER = re.compile(r"((?:19|20)\d{2})-[TQ]([1-4])")

# The list of codes printed at the foot of each export of characteristics. A revised or unusual value is a
# value like another; one that is not significant, secret or missing is none.
STATUS = {"A": "A", "R": "A", "U": "A", "P": "P", "SD": "P", "E": "E", "F": "F", "N": "M", "O": "M", "Q": "M"}


def area_territory(area: str) -> Territory | None:
    """The territory of an area code of the BDM (``D09``, ``R76``, ``FM``); None where it is not known."""
    if area in _NATIONAL:
        return _NATIONAL[area]
    level = {"D": "departement", "R": "region"}.get(area[:1], "")
    name = names(level).get(area[1:]) if level else None
    return (level, area[1:], name) if name else None


def unemployment_territory(title: str, idbank: str) -> Territory | None:
    """The territory the title of a localised unemployment rate ends with; None for any other title.

    Employment zones, and regions INSEE no longer follows, have no code in the title: theirs is the series' own.
    """
    found = _UNEMPLOYMENT.fullmatch(title.strip())
    if found is None:
        return None
    kind, name = found[1].lower(), found[2].strip()
    if kind.startswith("zone") or "arrêtée" in name:
        return ("other", idbank, name)
    wanted = _squeezed(name)
    if wanted in _NATIONAL_NAMES:
        return _NATIONAL[_NATIONAL_NAMES[wanted]]
    return _by_name("region" if kind.startswith("r") else "departement").get(wanted)


@cache
def _by_name(level: str) -> dict[str, Territory]:
    return {_squeezed(name): (level, code, name) for code, name in names(level).items()}


def _squeezed(name: str) -> str:
    # Titles lose apostrophes on the way through some tools: ``Côte dAzur``.
    return plain(name).replace(" ", "")


def quarter(label: str) -> tuple[date, date] | None:
    """First and last day of ``2021-T3`` or ``2021-Q3``; None for anything else."""
    found = _QUARTER.fullmatch(label.strip())
    return months(int(found[1]), int(found[2]) * 3 - 2, 3) if found else None


def months(year: int, month: int, length: int) -> tuple[date, date]:
    """First and last day of this many months, from this one on."""
    after = year * 12 + month - 1 + length
    return date(year, month, 1), date(after // 12, after % 12 + 1, 1) - timedelta(days=1)

"""Hostile files, by name: each a generator of one small file, and a word its refusal must have.

``HOSTILE`` is data, so that a drill can count them. A generator writes in a folder and returns the path of its file.
"""

import gzip
import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dagster_project.calpae_template import write_template
from dagster_project.readers.calpae import form
from dagster_project.readers.official import LARGEST
from dagster_project.readers.table import column_letter
from tests.readers.calpae.filled import Book, Formula
from tests.readers.drees.test_monthly_workbook import invented
from tests.readers.drees.workbook import write

COMMUNES = "COM,REG,DEP,NCC,LIBELLE,TNCC,COMPARENT,TYPECOM"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DTD = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">{}]>'
_LAUGHS = _DTD.format(
    "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("bcdefgh", "cdefghi", strict=True))
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_SDMX = (
    '<message:StructureSpecificData xmlns:message="m"><message:Header><message:Sender id="FR1"/></message:Header>'
    '<message:DataSet><Series IDBANK="001688526" TITLE_FR="{}"><Obs/></Series></message:DataSet>'
    "</message:StructureSpecificData>"
)
_MELODI = (
    '{{"identifier": "DS_FILOSOFI_CC", "observations": [{{"dimensions": {{"GEO": "2024-DEP-09", "TIME_PERIOD": "2021", '
    '"FILOSOFI_MEASURE": "PR_MD60"}}, "attributes": {{"OBS_STATUS": "A"}}, '
    '"measures": {{"OBS_VALUE_NIVEAU": {{"value": {}}}}}}}]}}'
)


@dataclass(frozen=True)
class Hostile:
    """One hostile file: what it is called, how it is made, and what its refusal says (a regular expression)."""

    name: str
    make: Callable[[Path], Path]
    says: str
    stops_at_the_inbox: bool = False


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def _sparse(name: str, head: bytes, size: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(head)
        os.truncate(path, size)
        return path

    return make


def _zip(name: str, members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members:
                archive.writestr(member, content, compress_type=zipfile.ZIP_DEFLATED)
        return path

    return make


def _link(name: str, target: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o120777 << 16
    return member


def _nested(folder: Path) -> Path:
    inner = _zip("inner.zip", [("donnees.csv", bytes(5_000_000))])(folder)
    content = inner.read_bytes()
    inner.unlink()
    return _zip("nested.zip", [(f"{number}.zip", content) for number in range(10)])(folder)


def _overlapping(folder: Path) -> Path:
    """Every entry of the directory points at one and the same member (after D. Fifield)."""
    member = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = member.compress(bytes(900_000)) + member.flush()
    crc = zlib.crc32(bytes(900_000))
    content, directory = io.BytesIO(), io.BytesIO()
    content.write(
        struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, crc, len(packed), 900_000, 5, 0) + b"a.csv" + packed
    )
    for _ in range(500):
        directory.write(
            struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, crc, len(packed), 900_000, 5, 0, 0, 0, 0, 0, 0)
            + b"a.csv"
        )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 500, 500, directory.tell(), content.tell(), 0)
    return _bytes("overlapping.zip", content.getvalue() + directory.getvalue() + end)(folder)


def _lying(name: str, part: str, content: bytes) -> Callable[[Path], Path]:
    """A member that swells to far more than the directory says."""

    def make(folder: Path) -> Path:
        path = _zip(name, [(part, content), *([("[Content_Types].xml", b"<Types/>")] if name.endswith("x") else [])])(
            folder
        )
        path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(content)), struct.pack("<I", 1_000)))
        return path

    return make


def _part(name: str, part: str, change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """A sound workbook of the DREES, one part of it changed (or added: it is changed from nothing)."""

    def make(folder: Path) -> Path:
        sound = write(folder / f"sound-{name}", invented())
        path = folder / name
        with zipfile.ZipFile(sound) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            parts = {member: source.read(member) for member in source.namelist()}
            parts[part] = change(parts.get(part, b""))
            for member, content in parts.items():
                target.writestr(member, content)
        sound.unlink()
        return path

    return make


_SHEET = "xl/worksheets/sheet1.xml"


def _rows(rows: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(b"</sheetData>", rows.encode() + b"</sheetData>")


_WIDE = "".join(
    ['<row r="40">', *(f'<c r="{column_letter(index)}40"><v>1</v></c>' for index in range(16_384)), "</row>"]
)
_WIDE_WITHOUT_ADDRESS = "<row>" + "<c><v>1</v></c>" * 16_384 + "</row>"


def _calpae_formula(folder: Path) -> Path:
    path = write_template(folder / "calpae.xlsx", level="departement", code="31", year=2024)
    book = Book(path)
    book.write({(next(iter(form.QUESTIONS)), "H8"): Formula("12+30", 42.0)})
    return book.save(path)


def _directory(folder: Path) -> Path:
    path = folder / "dossier.csv"
    path.mkdir()
    return path


def _fifo(folder: Path) -> Path:
    path = folder / "tube.csv"
    os.mkfifo(path)
    return path


def _symlink(folder: Path) -> Path:
    path = folder / "lien.csv"
    path.symlink_to("/etc/passwd")
    return path


def _device(folder: Path) -> Path:
    path = folder / "appareil.csv"
    path.symlink_to("/dev/zero")
    return path


def _tar(folder: Path) -> Path:
    path = folder / "tar.csv"
    with tarfile.open(path, "w") as archive:
        content = COMMUNES.encode()
        member = tarfile.TarInfo("a.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


def _polyglot(folder: Path) -> Path:
    packed = _zip("inner.zip", [("donnees.csv", COMMUNES.encode())])(folder)
    path = folder / "polyglotte.csv"
    path.write_bytes(COMMUNES.encode() + b"\n" + packed.read_bytes())
    packed.unlink()
    return path


def _encrypted(folder: Path) -> Path:
    entry = "EncryptedPackage\0".encode("utf-16-le")
    directory = entry.ljust(64, b"\0") + struct.pack("<HBB", len(entry), 2, 1) + bytes(60)
    return _bytes("chiffre.xlsx", _COMPOUND + bytes(504) + directory.ljust(512, b"\0"))(folder)


def _encrypted_zip(folder: Path) -> Path:
    path = _zip("chiffre.zip", [("donnees.csv", COMMUNES.encode() * 10)])(folder)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    return path


def _traversal(name: str) -> Callable[[Path], Path]:
    return _zip("evasion.zip", [(name, COMMUNES.encode())])


HOSTILE: tuple[Hostile, ...] = (
    Hostile("flat zip bomb", _zip("bombe.zip", [("donnees.csv", bytes(20_000_000))]), "trop"),
    Hostile("nested zip bomb", _nested, "un seul fichier de données"),
    Hostile("overlapping zip members", _overlapping, "recouvre|trop gros"),
    Hostile(
        "zip member longer than told", _lying("menteur.zip", "donnees.csv", bytes(9_000_000)), "plus long|illisible"
    ),
    Hostile("zip of 3,000 members", _zip("foule.zip", [(f"{n}.csv", b"") for n in range(3_000)]), "2000 au plus"),
    Hostile("zip path that climbs", _traversal("../../evasion.csv"), "sort de l'archive"),
    Hostile("zip absolute path", _traversal("/etc/evasion.csv"), "sort de l'archive"),
    Hostile("zip path of Windows", _traversal("C:\\evasion.csv"), "sort de l'archive"),
    Hostile("zip with a symbolic link", _zip("lien.zip", [(_link("a.csv", ""), b"/etc/passwd")]), "lien symbolique"),
    Hostile("encrypted zip", _encrypted_zip, "chiffré"),
    Hostile(
        "shared strings bomb",
        _part("chaines.xlsx", "xl/sharedStrings.xml", lambda _: b"<sst>" + b"<si><t>a</t></si>" * 900_000),
        "trop",
    ),
    Hostile("sheet bomb", _part("feuille.xlsx", _SHEET, lambda _: b" " * 20_000_000), "trop"),
    Hostile(
        "workbook part longer than told",
        _lying("menteur.xlsx", "xl/workbook.xml", bytes(9_000_000)),
        "plus long|illisible",
    ),
    Hostile(
        "billion laughs in a workbook",
        _part("rires.xlsx", "xl/sharedStrings.xml", lambda _: f"{_LAUGHS}<sst><si><t>&i;</t></si></sst>".encode()),
        "DTD",
    ),
    Hostile(
        "external entity in a workbook",
        _part("entite.xlsx", "xl/workbook.xml", lambda content: _OUTSIDE.encode() + content),
        "DTD",
    ),
    Hostile(
        "entity in UTF-16 in a workbook",
        _part("utf16.xlsx", "xl/sharedStrings.xml", lambda _: f"{_OUTSIDE}<sst/>".encode("utf-16")),
        "DTD",
    ),
    Hostile("billion laughs in SDMX", _bytes("rires.xml", (_LAUGHS + _SDMX.format("&i;")).encode()), "DTD"),
    Hostile("external entity in SDMX", _bytes("entite.xml", (_OUTSIDE + _SDMX.format("&a;")).encode()), "DTD|entit"),
    Hostile(
        "SDMX nested deep",
        _bytes("profond.xml", _SDMX.format("x").encode().replace(b"<Obs/>", b"<a>" * 100_000)),
        "XML|série",
    ),
    Hostile("16,384 filled columns", _part("large.xlsx", _SHEET, _rows(_WIDE)), "au-delà de la colonne ZZ"),
    Hostile(
        "16,384 columns without addresses",
        _part("large2.xlsx", _SHEET, _rows(_WIDE_WITHOUT_ADDRESS * 90)),
        "mémoire|trop",
    ),
    Hostile(
        "a cell in the last corner",
        _part("coin.xlsx", _SHEET, _rows('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        "au-delà de la colonne ZZ",
    ),
    Hostile(
        "a cell in the last row",
        _part("fond.xlsx", _SHEET, _rows('<row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>')),
        "mémoire",
    ),
    Hostile("macros", _part("macros.xlsm", "xl/vbaProject.bin", lambda _: b"x"), "macros"),
    Hostile("encrypted workbook", _encrypted, "chiffré"),
    Hostile("cut XLS", _bytes("coupe.xls", _COMPOUND + b"\x00" * 16 + os.urandom(3000)), "classeur illisible"),
    Hostile("symbolic link", _symlink, "ni lien", stops_at_the_inbox=True),
    Hostile("link to a device", _device, "ni lien", stops_at_the_inbox=True),
    Hostile("directory", _directory, "ni dossier|ni lien", stops_at_the_inbox=True),
    Hostile("pipe", _fifo, "tube", stops_at_the_inbox=True),
    Hostile(
        "larger than any dataset",
        _sparse("geant.csv", COMMUNES.encode(), LARGEST + 1),
        "plus qu'aucun",
        stops_at_the_inbox=True,
    ),
    Hostile(
        "larger than its dataset", _bytes("commune_2021.csv", f"{COMMUNES}\n".encode() + b"\n" * (16 << 20)), "limite"
    ),
    Hostile("empty", _bytes("vide.csv", b""), "vide"),
    Hostile("one line of 4 MB", _bytes("ligne.csv", f"{COMMUNES}\n".encode() + b"x" * (4 << 20)), "une ligne"),
    Hostile("one line of 1 GB", _sparse("ligne2.csv", b"a", 1 << 30), "nuls|ligne"),
    Hostile("NUL bytes", _bytes("nul.csv", f"{COMMUNES}\n".encode() + b"09001,76,09,A\0B,A\0B,0,,COM\n" * 3), "nuls"),
    Hostile(
        "100,000 columns",
        _bytes("colonnes.csv", (COMMUNES + ",x" * 100_000 + "\n" + "1," * 100_000).encode()),
        "colonnes",
    ),
    Hostile(
        "unbalanced quote",
        _bytes("commune_2021.csv", (COMMUNES + '\n09001,76,09,"A' + "x\n" * 1_000_000).encode()),
        "cellules|guillemet|tableau",
    ),
    Hostile(
        "JSON nested deep",
        _bytes(
            "profond.json", b'{"identifier": "DS_FILOSOFI_CC", "OBS_VALUE_NIVEAU": 1, "observations": ' + b"[" * 100_000
        ),
        "JSON|recursion",
    ),
    *(
        Hostile(f"JSON number {name}", _bytes("nombre.json", _MELODI.format(number).encode()), ".")
        for name, number in (
            ("1e400", "1e400"),
            ("of 400 digits", "9" * 400),
            ("NaN", "NaN"),
            ("Infinity", "Infinity"),
            ("1e999999999", "1e999999999"),
            ("text", '"=1+1"'),
        )
    ),
    Hostile(
        "JSON list nested deep",
        _bytes("profond2.json", b'[{"code":"1","region":"2","chefLieu":"3","nom":' + b"[" * 100_000),
        ".",
    ),
    Hostile("gzip named csv", _bytes("gzip.csv", gzip.compress(COMMUNES.encode())), "gzip"),
    Hostile("tar named csv", _tar, "tar"),
    Hostile("7z named csv", _bytes("7z.csv", b"7z\xbc\xaf\x27\x1c" + bytes(100)), "7z"),
    Hostile("PDF named csv", _bytes("pdf.csv", b"%PDF-1.7\n" + COMMUNES.encode()), "PDF"),
    Hostile("program named csv", _bytes("exe.csv", b"MZ\x90\0" + COMMUNES.encode()), "programme"),
    Hostile("web page named xlsx", _bytes("page.xlsx", b"<!DOCTYPE html><html>"), "page web"),
    Hostile("text and zip at once", _polyglot, "deux choses|nuls"),
    Hostile("formula in a CALPAE cell", _calpae_formula, "formule"),
    *(
        Hostile(f"name {name!a}", _bytes(os.fsdecode(name), b""), "vide", stops_at_the_inbox=True)
        for name in (
            b'l\'apostrophe "et" $(touch x) `y`.csv',
            b"retour\nligne.csv",
            b"-rf.csv",
            b"x..csv",
            b"n" * 251 + b".csv",
            "\u202evsc.gpj".encode(),
            b"invalide\xff\xfe.csv",
            b"edition.yml",
            b"\x1b[2J.csv",
            b" ",
            b"a;b|c&d.csv",
        )
    ),
)

"""Invented catalogue answers, each in the exact form of its API."""

from typing import Any

SDMX = """<?xml version='1.0' encoding='UTF-8'?><message:StructureSpecificData \
xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific" \
xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">\
<message:Header><message:ID>TAUX-CHOMAGE_{number}</message:ID><message:Test>false</message:Test>\
<message:Prepared>{prepared}</message:Prepared></message:Header>\
<message:DataSet ss:dataScope="DataStructure">\
<Series IDBANK="001515842" FREQ="T" LAST_UPDATE="2026-09-16" REF_AREA="FM">\
<Obs TIME_PERIOD="2026-Q2" OBS_VALUE="{value}" OBS_STATUS="P"/></Series>\
<Series IDBANK="001515874" FREQ="T" LAST_UPDATE="{updated}" REF_AREA="D09">\
<Obs TIME_PERIOD="2026-Q2" OBS_VALUE="8.9" OBS_STATUS="P"/></Series>\
</message:DataSet></message:StructureSpecificData>"""


def sdmx(number: int = 1, updated: str = "2026-09-17", value: str = "7.4") -> bytes:
    return SDMX.format(number=number, prepared=f"2026-10-01T11:27:{number:02}", updated=updated, value=value).encode()


def ods(dataset: str, *, modified: str = "2026-06-16T22:30:00+00:00", rows: int | None = 2, **more: Any) -> Any:
    return {
        "visibility": "domain",
        "dataset_id": dataset,
        "dataset_uid": "da_a1b2c3",
        "has_records": True,
        "data_visible": True,
        "features": ["analyze"],
        "attachments": more.get("attachments", []),
        "metas": {
            "default": {
                "title": "Données mensuelles",
                "license": "Licence Ouverte v2.0 (Etalab)",
                "publisher": "Producteur",
                "modified": modified,
                "data_processed": modified,
                "metadata_processed": "2026-06-20T08:00:00+00:00",
                "records_count": rows,
            }
        },
        "fields": [{"name": "mois", "label": "mois", "type": "text", "annotations": {}, "description": None}],
    }


def attachment(title: str, identity: str) -> Any:
    return {
        "mimetype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "url": f"odsfile://{identity}.xlsx",
        "id": f"{identity}_xlsx",
        "title": title,
    }


def melodi(dataset: str, base: str, years: tuple[str, ...] = ("_2023", "_2022"), **more: Any) -> Any:
    return {
        "identifier": dataset,
        "title": [{"lang": "fr", "content": "Niveau de vie"}, {"lang": "en", "content": "Standard of living"}],
        "issued": "2025-12-17T08:35:21.000297779",
        "modified": "2025-12-18T12:00:16.299984912",
        "numObservations": 106065,
        "product": [
            {
                "accessURL": f"{base}/file/{dataset}/{dataset}{year}_CSV_FR",
                "byteSize": 926388,
                "format": "CSV",
                "id": f"{dataset}{year}_CSV_FR",
                "issued": "2025-12-17T08:50:56",
                "language": "FR",
                "mediaType": "text/csv",
                "modified": "2025-12-17T08:50:56",
                "packageFormat": "application/zip",
                "title": "Niveau de vie",
            }
            for year in years
        ],
    }


def resource(title: str, url: str, modified: str, **more: Any) -> Any:
    return {
        "checksum": None,
        "created_at": "2021-09-01T05:34:07.841000+00:00",
        "extras": {},
        "filesize": None,
        "filetype": "remote",
        "format": "csv",
        "id": "825f4199-cadd-486c-ac46-a65a8ea1a047",
        "last_modified": modified,
        "latest": "https://www.data.gouv.fr/api/1/datasets/r/825f4199-cadd-486c-ac46-a65a8ea1a047",
        "mime": "text/csv",
        "title": title,
        "type": "main",
        "url": url,
        **more,
    }

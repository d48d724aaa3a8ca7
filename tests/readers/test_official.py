"""The registry of producers' layouts: complete, unambiguous, and calm whatever it is shown."""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.readers import LAYOUTS, OFFICIAL_MODULES, official_layout


@pytest.mark.parametrize("name", OFFICIAL_MODULES)
def test_each_name_leads_to_its_layout(name: str) -> None:
    assert official_layout(name).name == name
    assert name not in LAYOUTS


def test_every_layout_of_a_module_is_registered() -> None:
    modules = set(OFFICIAL_MODULES.values())
    written = {
        layout.name for module in modules for layout in import_module(f"dagster_project.readers.{module}").LAYOUTS
    }
    assert written == set(OFFICIAL_MODULES)


def test_files_about_some_territories_withdraw_nothing_of_the_others() -> None:
    partial = {name for name in OFFICIAL_MODULES if official_layout(name).covers_itself_only}
    assert partial == {"calpae_workbook", "insee_melodi_json", "insee_bdm_sdmx"}


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".xlsx", ".xml", ".json", ".zip", ""]))
def test_any_bytes_are_judged_without_an_exception(content: bytes, suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"fichier{suffix}"
        path.write_bytes(content)
        for name in OFFICIAL_MODULES:
            assert not official_layout(name).recognise(path).is_certain

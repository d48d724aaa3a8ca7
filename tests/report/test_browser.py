"""Every page in a real browser: no error, no request outside, no axe violation, no sideways scroll, keyboard alone."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report.conftest import SiteOnDisk

_SCRIPT = Path(__file__).with_name("browser.mjs")


@pytest.mark.slow
def test_every_page_works_in_a_browser(site: SiteOnDisk) -> None:
    chromium, node = shutil.which("chromium"), shutil.which("node")
    tools = os.environ.get("BILAN_BROWSER_TOOLS")
    if chromium is None or node is None:
        pytest.skip("needs chromium and node")
    if tools is None:
        pytest.skip("needs BILAN_BROWSER_TOOLS, a folder where `npm install playwright-core axe-core` was run")
    command = [node, str(_SCRIPT), str(site.folder), chromium, tools]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800)
    assert json.loads(done.stdout.splitlines()[-1]) == []

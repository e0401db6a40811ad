from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="ossgeo-tests-")  # no token, cache or setting of this machine
os.environ.pop("HF_TOKEN", None)
settings.register_profile("ossgeo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("ossgeo"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "ossgeo")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Hub figures, which stays outside the repository."""
    folder = os.environ.get("OSSGEO_REAL_DATA")
    if not folder:
        pytest.skip("OSSGEO_REAL_DATA is unset: no real Hub figures here")
    return Path(folder)

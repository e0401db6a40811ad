"""Reports as one HTML page, and profiles of countries."""

from __future__ import annotations

from ossgeo.reports._country_profile import Profile, profile
from ossgeo.reports._html import report

__all__ = [
    "Profile",
    "profile",
    "report",
]

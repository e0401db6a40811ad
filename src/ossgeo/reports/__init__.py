"""Reports as one HTML page, profiles of countries, and the card of a published history."""

from __future__ import annotations

from ossgeo.reports._country_profile import Profile, profile
from ossgeo.reports._history import publish
from ossgeo.reports._html import report

__all__ = [
    "Profile",
    "profile",
    "publish",
    "report",
]

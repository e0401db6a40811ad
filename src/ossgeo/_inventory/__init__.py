"""Inventory of a list of models: publisher, root models, licenses of all ancestors, openness and evidence."""

from __future__ import annotations

from ossgeo._inventory._lookup import inventory
from ossgeo._inventory._table import Inventory

__all__ = ["Inventory", "inventory"]

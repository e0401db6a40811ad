"""Columns that say that a row is not about a model but about a dataset or a space."""

from __future__ import annotations

from typing import Final

KINDS: Final = ("repo_type", "repoType")
"""Columns of kinds of repositories."""

ADDRESSES: Final = ("url", "model_url")
"""Columns of web addresses of repositories."""

OTHERS: Final = ("dataset", "datasets", "space", "spaces")
"""Kinds that are not models."""

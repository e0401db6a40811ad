"""How one model is derived from another."""

from __future__ import annotations

import enum


class Relation(enum.Enum):
    """How a model was made from its base."""

    FINETUNE = "finetune"
    ADAPTER = "adapter"
    QUANTIZED = "quantized"
    MERGE = "merge"
    UNSPECIFIED = "unspecified"

    def __str__(self) -> str:
        """Return the value, as in the tables."""
        return self.value

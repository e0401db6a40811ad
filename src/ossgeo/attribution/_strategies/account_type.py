"""The strategy ``account-type``: unreviewed personal accounts are individuals."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.attribution._strategies.built_in import FrameStrategy
from ossgeo.attribution._strategies.eligibility import eligible_intervals
from ossgeo.attribution._strategies.publisher import seats_changes
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Evidence

_USER: Final = "user"


@attrs.frozen
class AccountType(FrameStrategy):
    """Gives models of unreviewed personal accounts the status ``individual`` (models column ``account_type``).

    That an account is a person's is a fact of the Hub, and no review. It abstains for organizations' accounts, for accounts of
    unknown type, and wherever the registry has an entry; use it after the publisher, as in
    ``first_of("publisher", "account-type")``. The adjustment ``account_individual`` counts the models that it decides, and
    the coverage has their part apart from that of reviewed individuals, as ``individual_by_account``.

    Example:
        >>> from ossgeo import Model, Registry
        >>> rule, day = AccountType(), dt.date(2026, 1, 1)
        >>> someone = Model("someone-unreviewed/model", account_type="user")
        >>> str(rule.attribute(someone, on=day, context=Context(Registry.default())).credits[0].country)
        'individual'
    """

    name: ClassVar[str] = "account-type"
    requires: ClassVar[frozenset[str]] = frozenset({"account_type"})

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the profile of the person.

        Args:
            model: The model.
        """
        page = f"https://huggingface.co/{model.namespace}"
        return (Evidence("hub profile", page, note="the account is a user's"),)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id, namespace and ``account_type`` are used.
            context: The registry.
        """
        if "account_type" not in models.collect_schema().names():
            return pl.LazyFrame(schema=dict(CREDIT_SCHEMA))
        personal = models.filter(account_type=_USER).select("model_id", "namespace").collect()
        spans = eligible_intervals(personal, context.registry, (OriginStatus.UNREVIEWED,))
        found = spans.with_columns(
            organization=pl.lit(None, pl.String), country=pl.lit(OriginStatus.INDIVIDUAL.value), weight=pl.lit(1.0),
            rule=pl.lit(self.name),
        )  # fmt: skip
        return found.select(*CREDIT_SCHEMA).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace or its country changes."""
        return seats_changes(context.registry)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the number of models of unreviewed personal accounts."""
        found = self.attribute_frame(context.models.frame.lazy(), context=context).collect()["model_id"].n_unique()
        note = "of unreviewed personal accounts, which are individual by the type of the account"
        return (Adjustment("account_individual", found, "models", note),)

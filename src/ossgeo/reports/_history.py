"""Files that make a store of snapshots a data set for others: its card, a small aggregate, and scheduled collection."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ossgeo.errors import InvalidArgumentError, StoreError
from ossgeo.shares import measure

if TYPE_CHECKING:
    from ossgeo.sources import SnapshotStore

AGGREGATE: Final = "aggregate.parquet"
CARD: Final = "README.md"
WORKFLOW: Final = "collect.yml"

_CARD: Final = """\
---
pretty_name: {title}
{license}configs:
- config_name: aggregate
  data_files: {aggregate}
  default: true
- config_name: snapshots
  data_files: {data}/snapshots/*.parquet
- config_name: models
  data_files: {data}/models/*.parquet
{facts}---

# {title}

Downloads of models on the Hugging Face Hub: {snapshots:,} snapshots from {first} to {last}, {models:,} models.
{scope}

| configuration | content |
|---|---|
| `aggregate` | downloads and shares by country and organization, for each snapshot, computed by ossgeo |
| `snapshots` | the counters of each model, by `key`; all-time counters are changes within a `chain` |
| `models` | `key`, `model_id` and the first observation of each model |
| `facts` | license, task, base models and other facts, from the observation on at which they changed |

```python
import ossgeo
from ossgeo.sources import SnapshotStore

store = SnapshotStore("{address}")
print(ossgeo.measure(store.panel("{last}")))
```

The columns, and views for DuckDB, Polars and pandas, are described in ossgeo's documentation, "Layout of a store".
{gaps}
## How the aggregate was computed

{method}
"""

_FACTS: Final = """\
- config_name: facts
  data_files: {data}/facts/*.parquet
"""

_WORKFLOW: Final = """\
# Copy this file to .github/workflows/ of a repository, and add the secret HF_TOKEN with the right to write the data set.
# A run fetches the manifest, the dictionary of models and what changed since the last full snapshot.
name: collect
on:
  schedule: [{{cron: "17 6 * * 1"}}]
  workflow_dispatch:
concurrency: collect
jobs:
  collect:
    runs-on: ubuntu-latest
    env:
      HF_TOKEN: ${{{{ secrets.HF_TOKEN }}}}
    steps:
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: pip install "ossgeo[history]"
      - run: python -m ossgeo collect {address}
"""


def publish(
    store: SnapshotStore, *, title: str, license: str = "", address: str = "hf://datasets/OWNER/NAME"
) -> tuple[str, ...]:
    """Write a card, an aggregate and a workflow beside the snapshots of a store, so that it is a data set for others.

    Args:
        store: The store; one at ``hf://datasets/OWNER/NAME`` gets the files in one commit.
        title: The title of the card.
        license: The license of the data set, such as ``cc-by-4.0``; empty to state none.
        address: The address under which others find a store that is a folder.

    Returns:
        The names of the files: ``README.md`` (the card, with a configuration of the viewer for each kind of file),
        ``aggregate.parquet`` (a share table by country and organization; :meth:`ossgeo.ShareTable.read` reads it), and
        ``collect.yml`` (scheduled collection by GitHub Actions).

    Raises:
        StoreError: The store has no snapshot or an older layout, or cannot be written.
        InvalidArgumentError: The title is empty or has more than one line.
    """
    if not title.strip() or len(title.splitlines()) > 1:
        raise InvalidArgumentError(f"title must be one line of text, got {title!r}")
    panel = store.panel()
    snapshots = store.snapshots
    if not snapshots[-1].chain:
        raise StoreError(f"{store.path} has layout 1; upgrade() converts it")
    table = measure(panel, by=("country", "organization"))
    data = snapshots[-1].file.partition("/")[0]
    place = store.address or address
    stated = any(one.parts_of("facts") for one in snapshots)
    gaps = "".join(f"- no observation from {one.start} to {one.end}: {one.reason}\n" for one in store.gaps)
    card = _CARD.format(
        title=title.strip().replace(":", " -"), license=f"license: {license}\n" if license else "", aggregate=AGGREGATE,
        data=data, facts=_FACTS.format(data=data) if stated else "", snapshots=len(snapshots), first=snapshots[0].date,
        last=snapshots[-1].date, models=max(one.keys for one in snapshots), scope=f"Scope: {panel.scope}.", address=place,
        gaps=f"\n## Days without an observation\n\n{gaps}" if gaps else "", method=table.cite(),
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="ossgeo-") as folder:
        table.write_parquet(Path(folder) / AGGREGATE)
        files = {
            CARD: card.encode(), AGGREGATE: (Path(folder) / AGGREGATE).read_bytes(),
            WORKFLOW: _WORKFLOW.format(address=place).encode(),
        }  # fmt: skip
    store.put(files)
    return tuple(files)

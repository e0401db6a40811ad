"""The options and the output of ``ossgeo collect`` and ``ossgeo history``."""

from __future__ import annotations

import argparse
from typing import Any

import ossgeo
from ossgeo._core.text import counted
from ossgeo.cli._options import add_limits, hub_of
from ossgeo.errors import InvalidArgumentError, StoreError


def add_collect(commands: Any) -> None:
    """Add the command ``collect`` to the parser."""
    collect = commands.add_parser("collect", help="add a snapshot of the Hub to a store; safe to run from cron")
    collect.add_argument(
        "store", metavar="STORE", help="a folder, created if it does not exist, or hf://datasets/OWNER/NAME"
    )
    collect.add_argument("--top", type=int, metavar="N", help="only the N most downloaded models")
    collect.add_argument(
        "--namespace", action="append", metavar="HANDLE", help="only the models of this namespace; may be repeated"
    )
    collect.add_argument("--members", action="store_true", help="also read the organizations of users")
    collect.add_argument("--cards", action="store_true", help="also read the metadata of model cards")
    add_limits(collect)
    collect.add_argument(
        "--wait", type=float, default=60, metavar="SECONDS", help="the longest wait for another writer (default: 60)"
    )


def collected_text(given: argparse.Namespace) -> str:
    """Observe the Hub, add the snapshot to a store, and return a line about it.

    Args:
        given: The options.
    """
    store = ossgeo.sources.SnapshotStore(given.store)
    snapshot = store.collect(
        hub_of(given),
        top=given.top,
        namespaces=given.namespace,
        members=given.members,
        cards=given.cards,
        wait=given.wait,
    )
    issues = ", ".join(f"{code} {count:,}" for code, count in snapshot.issues.items()) or "none"
    covered = "; ".join(filter(None, [snapshot.scope, snapshot.note]))
    return (
        f"{snapshot.file}: {counted(snapshot.models, 'models')}, {covered}; issues: {issues}; "
        f"{counted(len(store.snapshots), 'snapshots')} in {given.store}"
    )


def add_history(commands: Any) -> None:
    """Add the command ``history`` to the parser."""
    history = commands.add_parser(
        "history", help="verify, validate, recover, upgrade, compact or publish a store of snapshots"
    )
    history.add_argument(
        "action",
        choices=("verify", "validate", "recover", "upgrade", "compact", "publish"),
        help="verify: compare every file with its checksum; validate: check columns, totals and changes from snapshot to snapshot,"
        " for example of a pull request; recover: add snapshots that the manifest does not name; upgrade: convert an older layout"
        " without loss; compact: write the files again, in the order of the observations; publish: write a card, an aggregate by organization and"
        " a workflow for scheduled collection beside the snapshots",
    )
    history.add_argument("store", metavar="FOLDER", help="a folder that 'collect' made, or hf://datasets/OWNER/NAME")
    history.add_argument("--since", metavar="DATE", help="validate: the first date to check (default: all)")
    history.add_argument("--title", help="publish: the title of the card")
    history.add_argument("--license", default="", help="publish: the license of the data set, such as cc-by-4.0")


def history_text(given: argparse.Namespace) -> str:
    """Run an action on a store, and return its result.

    Args:
        given: The options.

    Raises:
        InvalidArgumentError: An option does not belong to the action, or the folder is not a store.
        StoreError: The store has faults; all of them are listed.
    """
    if given.since is not None and given.action != "validate":
        raise InvalidArgumentError(f"--since must be given with validate only, got it with {given.action}")
    if (given.title is None) == (given.action == "publish"):
        raise InvalidArgumentError("--title must be given with publish, and only then")
    if not ossgeo.sources.SnapshotStore.is_store(given.store) and given.action not in ("recover", "upgrade"):
        raise InvalidArgumentError(f"FOLDER must be a folder that 'ossgeo collect' made, got {given.store!r}")
    store = ossgeo.sources.SnapshotStore(given.store)
    if given.action == "recover":
        changed = store.recover()
        return "\n".join([f"{counted(len(changed), 'snapshots')} recovered", *(snapshot.file for snapshot in changed)])
    if given.action == "publish":
        return "\n".join(ossgeo.reports.publish(store, title=given.title, license=given.license))
    if given.action in ("upgrade", "compact"):
        snapshots = store.upgrade() if given.action == "upgrade" else store.compact()
        return f"{counted(len(snapshots), 'snapshots')} in layout 2"
    if faults := store.verify() if given.action == "verify" else store.validate(given.since):
        listed = "\n".join(f"  {fault}" for fault in faults)
        raise StoreError(f"{counted(len(faults), 'faults')} in {given.store}:\n{listed}")
    gaps = [f"no observation from {gap.start} to {gap.end}: {gap.reason}" for gap in store.gaps]
    return "\n".join([f"{counted(len(store.snapshots), 'snapshots')}, no fault found", *gaps])

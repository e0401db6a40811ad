"""Tables with hostile cells, and files with damaged bytes."""

from __future__ import annotations

import random
from typing import Any, Final

Row = dict[str, Any]

IDS: Final = ("Qwen/a", "google/b", "mistralai/c", "gpt2", "Qwen/d-1.5", "https://huggingface.co/Qwen/a")
HOSTILE: Final[tuple[Any, ...]] = (
    "", " ", "NA", "nan", "null", "-", "None", "<NA>", "0", "-1", "1.0", "1.5", "9E+06", "1e400", "1,234", "1,234,567",
    "1.234.567", "12,0", "1_000", "0x10", "inf", "-inf", "9" * 19, "9" * 30, "9" * 400, "9223372036854775807", "true", "[]", "{}",
    "[1, 2]", "['a', 'b']", "['a', ...]", '{"a": 1}', "=1+1", "'Qwen/a'", "Qwen/a:latest", "Qwen/a@main", "a/b/c", "Qwen/a\u200b",
    "Qwen /a", "\ud800", "\x00", "\u2028", "a\nb", "a\r\nb", 'a"b', "a,b;c|d\te", "é" * 50, "x" * 10_000, "https://huggingface.co/datasets/a/b",
    "https://huggingface.co/spaces/a/b", "HTTPS://HF.CO/Qwen/a/tree/main?x=1", "2025-01-31", "2025-13-01", "0001-01-01", "9999-12-31T23:59:59-05:00",
    "2602-01-01", "31.12.2025", "20250131", "1738281600", "2025-01-31T00:00:00Z", "2025-W05-5", "infinity", None, True, False, 0, -1, 1, 7.0,
    1.5, 2**53 + 1, 2**63, 2**64, float("nan"), float("inf"), [], {}, ["a"], {"id": "x"}, [None], "base_model:Qwen/a",
)  # fmt: skip
"""Values that have broken readers."""

NAMES: Final = ("id", "date", "downloads_30d")
MORE: Final = ("tags", "createdAt", "license", "likes", "parameters", "declared_country", "base_models", "private", "repo_type", "downloads",
               "downloadsAllTime", "", "_x", "downloads 30d", "url")  # fmt: skip


def table(chance: random.Random) -> list[Row]:
    """Return a few rows, mostly valid, with the same columns."""
    names = [*NAMES, *chance.sample(MORE, chance.choice((0, 0, 1, 1, 2, 3)))]
    if chance.random() < 0.05:
        names.remove(chance.choice(NAMES))
    rows = [
        {name: _valid(name, chance, number) for name in names} for number in range(chance.choice((0, 1, 1, 2, 3, 5, 8)))
    ]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        if rows:
            chance.choice(rows)[chance.choice(names)] = chance.choice(HOSTILE)
    return rows


def _valid(name: str, chance: random.Random, number: int) -> Any:
    if name == "id":
        return f"{chance.choice(IDS)}-{number}"
    if name == "date":
        return f"2025-0{chance.randint(1, 3)}-{chance.randint(10, 28)}"
    if name.startswith("downloads"):
        return chance.choice((0, 1, 12, 1234, 10**6, 10**9))
    values: dict[str, tuple[Any, ...]] = {
        "createdAt": ("2024-01-01T10:00:00.000Z",), "tags": ("['x', 'base_model:Qwen/a']", "x|y", "", "x"),
        "likes": (0, 7), "parameters": (10**9, 7),
    }  # fmt: skip
    return chance.choice(values.get(name, ("", "mit", "France", "false", "model")))


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few of them changed, removed, repeated or inserted."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        place = chance.randrange(len(data) + 1) if data else 0
        kind = chance.randrange(5)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[place : place + chance.choice((1, 1, 4, 64))]
        elif kind == 2:
            data[place:place] = data[place : place + 32]
        elif kind == 3:
            data[place:place] = chance.choice(
                (b"\x00", b"\xff\xfe", b'"', b",", b"\n", b"\r", b"[", b"{", b"}", b"\\", b"\xe2\x80\xa8", b"9" * 40)
            )
        else:
            del data[place:]
    return bytes(data)

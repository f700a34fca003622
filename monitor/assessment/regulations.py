"""Which rows of the regulations cost or earn points, or have a consequence that facts bring about, by text. Pure.

A book that follows a text (its articles begin with it) is held against these: docs/coverage.md says what becomes of
every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REGULATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "001.1": ("C24", "D16", "G22"),
    "001.2": (
        "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "A13", "A14", "A15", "A16",
        "B03", "B04", "B05", "B06", "B07", "B13", "B14",
        "C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12", "C13", "C14", "C15", "C16",
        "D06", "D07", "D08", "D09", "D10", "D11", "D12", "D13", "D14", "D15",
        "E01", "E02", "E03", "E04", "E05", "E06", "E07", "E08", "E09", "E10", "E11", "E12", "E13", "E14", "E15", "E16",
        "E17", "E18", "E19", "E20", "E21", "E22", "E23", "E24",
        "F01", "F02", "F03", "F04", "F05", "G10", "G11", "G12", "G14",
    ),
    "001.5": ("A01", "A17", "D05", "D19"),
}  # fmt: skip
"""Rows of the scale, the quota, the cycle and the reports (G02-G09, H01-H06) are keys of the book, not rows of it."""

"""Small counts of a report: which cells a reader must not see, and which more are needed so that none can be derived.

CMS's cell size suppression policy: no cell with a count of 1 to 10 may be shown, nor may a reader compute one from what
is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

SMALLEST = 11  # the smallest count that may be shown, apart from 0
_STEPS = (1, 5, 10)  # of shares, in percent


class Shown(Enum):
    """What a reader sees of a cell."""

    EXACT = "exact"
    SMALL = "small"  # "<11"
    HIDDEN = "hidden"  # the cell is not small, but a small one could be derived from it


@dataclass(frozen=True)
class Cell:
    """A count, and the number of beneficiaries whose data it counts (None: it is not about beneficiaries)."""

    count: int
    people: int | None = None

    @property
    def is_small(self) -> bool:
        """Such a cell is small too: many claims of few beneficiaries."""
        return self.count > 0 and (self.count < SMALLEST or (self.people is not None and self.people < SMALLEST))


def protect(cells: Sequence[Cell]) -> list[Shown]:
    """What may be seen of cells whose total a reader knows. The total itself must not be small.

    If a cell is small, the smallest other cell that suffices is hidden too. A reader who subtracts the rest from the
    total learns only the sum of what is missing. The sum suffices if the small cells could each be anything from 1 to
    10 by it, even for a reader who knows that a hidden cell is 11 or more. If no cells suffice, all are hidden.
    """
    small = [number for number, cell in enumerate(cells) if cell.is_small]
    if not small:
        return [Shown.EXACT] * len(cells)
    others = sorted((cell.count, number) for number, cell in enumerate(cells) if cell.count and not cell.is_small)
    missing = len(small) + SMALLEST - 2 - sum(cells[number].count for number in small)
    hidden = _enough(others, missing)
    if not hidden:
        return [Shown.HIDDEN if cell.count else Shown.EXACT for cell in cells]
    shown = [Shown.EXACT] * len(cells)
    for number in small:
        shown[number] = Shown.SMALL
    for number in hidden:
        shown[number] = Shown.HIDDEN
    return shown


def _enough(others: Sequence[tuple[int, int]], missing: int) -> list[int]:
    """The numbers of the cells to hide: one if that suffices, or else several. `others` is sorted by count."""
    for count, number in others:
        if count - SMALLEST >= missing:
            return [number]
    chosen = []
    for count, number in others:
        chosen.append(number)
        missing -= count - SMALLEST
        if missing <= 0:
            return chosen
    return []


def share_step(rows: int) -> int | None:
    """The step to which shares of so many rows are rounded, in percent. None: shares of so few rows are not shown.

    A step is never fewer than 11 rows, so a share tells no small count, neither of what is there nor of what is not.
    """
    return next((step for step in _STEPS if rows * step >= SMALLEST * 100), None)


def share(part: int, rows: int) -> str | None:
    """The share as text: "0%" and "100%" mean none and all. None: it must not be shown."""
    step = share_step(rows)
    if step is None:
        return None
    if part in (0, rows):
        return "100%" if part else "0%"
    if part * 100 < step * rows:
        return f"<{step}%"
    if (rows - part) * 100 < step * rows:
        return f">{100 - step}%"
    return f"{(200 * part + rows * step) // (2 * rows * step) * step}%"  # half a step is rounded up

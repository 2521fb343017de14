"""``make bench``: each work beside its limit, medians of several runs, printed as a table.

``make bench ARGS="institutions 600000"`` runs one of them at a size of one's choice,
``ARGS="institutions 600000 xlsx"`` from a workbook. ``ARGS=tiny`` runs each of them at its
smallest: the suite does, so that none of them rots.
"""

import atexit
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import migrated

TINY = sys.argv[1:] == ["tiny"]  # every part at its smallest: whether it runs, not how fast


def size(whole: int, smallest: int) -> int:
    return smallest if TINY else whole


RUNS = size(3, 1)


SMALLEST = {"alone": 5, "weekly": 12, "bulk": 10, "institutions": 100, "filings": 10}


def median(work: Callable[[], object]) -> float:
    """Seconds, the median of a few runs; the work cleans up after itself."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def table(title: str, rows: list[tuple[str, float]]) -> None:
    """Prints each row's seconds and its ratio to the last row, the limit."""
    limit = rows[-1][1]
    print(f"\n{title}")
    for name, seconds in rows:
        print(f"  {name:<46} {seconds:8.3f} s   {seconds / limit:6.1f} ×")


def ready() -> None:
    """Django with a data folder of its own, gone afterwards."""
    os.environ["YDJY_DATA"] = tempfile.mkdtemp(prefix="ydjy-bench-")
    atexit.register(shutil.rmtree, os.environ["YDJY_DATA"], ignore_errors=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")
    import django

    django.setup()
    if not os.environ.get("YDJY_DATABASE_URL"):
        migrated.lend(Path(os.environ["YDJY_DATA"]))


def main() -> None:
    ready()
    from bench import bulk, filings, institutions, public, weekly, wire

    works = {
        "alone": weekly.alone,
        "weekly": weekly.run,
        "bulk": bulk.run,
        "institutions": institutions.run,
        "filings": filings.run,
        "public": public.run,
        "wire": wire.run,
    }
    asked = sys.argv[1:]
    if not asked or asked[0].isdigit():  # everything; a number is the size of the weekly workbook
        weekly.run(int(asked[0]) if asked else 5000)
        for name in ("bulk", "institutions", "filings", "public", "wire"):
            works[name]()
    elif TINY:
        for name, work in works.items():
            work(*([SMALLEST[name]] if name in SMALLEST else []))
    else:
        works[asked[0]](*(int(word) if word.isdigit() else word for word in asked[1:]))


if __name__ == "__main__":
    main()

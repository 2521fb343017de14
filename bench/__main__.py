"""``make bench``: each work beside its limit, medians of several runs, printed as a table.

``make bench ARGS="institutions 600000"`` runs one of them at a size of one's choice,
``ARGS="institutions 600000 xlsx"`` from a workbook.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

RUNS = 3


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
    """Django with a data folder of its own."""
    os.environ["YDJY_DATA"] = tempfile.mkdtemp(prefix="ydjy-bench-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")
    import django

    django.setup()


def main() -> None:
    ready()
    from bench import bulk, filings, institutions, public, weekly, wire

    works = {
        "weekly": weekly.run,
        "alone": weekly.alone,
        "bulk": bulk.run,
        "institutions": institutions.run,
        "filings": filings.run,
        "public": public.run,
        "wire": wire.run,
    }
    asked = sys.argv[1:]
    if not asked or asked[0].isdigit():  # everything; a number is the size of the weekly workbook
        weekly.run(int(asked[0]) if asked else 5000)
        bulk.run()
        institutions.run()
        filings.run()
        public.run()
        wire.run()
    else:
        works[asked[0]](*(int(word) if word.isdigit() else word for word in asked[1:]))


if __name__ == "__main__":
    main()

"""Where one run of a kill happens: folders and a database of its own, and its processes."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Place:
    """A data folder, a temp folder and a database of one run."""

    folder: Path
    url: str

    def run(self, *words: str, crash: str = "") -> subprocess.CompletedProcess[str]:
        temp = self.folder / "temp"
        temp.mkdir(exist_ok=True)
        environ = {key: text for key, text in os.environ.items() if not key.startswith("YDJY_")}
        environ |= {"YDJY_DATA": str(self.folder / "data"), "TMPDIR": str(temp)}
        environ |= {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
        environ |= {"YDJY_DATABASE_URL": self.url} if self.url else {}
        environ |= {"YDJY_CRASHPOINT": crash} if crash else {}
        return subprocess.run(
            [sys.executable, "-m", "tests.faults", *words],
            env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


def database(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)

"""What the measurements share: Markdown tables, quartiles, the programs beside us."""
import os
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

BUILD = HERE.parents[1] / "build/bench"
PGENTRY = os.environ["PGENTRY"]
STATIC = os.environ["PGENTRY_STATIC"]
REST = 1.5  # seconds after which a program runs as it does for weeks: pgentry gives back then what booted it


def environment(database):
    """Of a pgentry that finds nothing to do but to look at one table."""
    return {"PATH": os.environ["PATH"], "HOME": "/", "DATABASE_URL": database.url, "PGENTRY_VERIFY_TABLES": "users",
            "PGENTRY_MIGRATE_PRESET": "none"}


def table(title, head, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join([" --- "] + [" ---: "] * (len(head) - 1)) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def at_rest(pid):
    """The program and its http process, not its application, once no database process is about."""
    while True:
        try:
            helpers = [child for child in children(pid) if Path(f"/proc/{child}/comm").read_text().strip() not in ("sleep", "sh")]
            if len(helpers) <= 1:
                return [pid, *helpers]
        except (FileNotFoundError, ProcessLookupError):
            pass


def private_kb(pids):
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

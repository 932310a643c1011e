"""What npm has: migration tools, and servers of other majors."""
import subprocess
from pathlib import Path


def installed(name):
    """The folder of what tests/e2e/tools.sh has installed, now or earlier."""
    script = Path(__file__).resolve().with_suffix(".sh")
    done = subprocess.run(["sh", str(script), name], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())

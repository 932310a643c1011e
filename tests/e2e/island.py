"""A network of its own, joined to ours by one cable that can be cut without either end being told."""
import os
import shutil
import subprocess
from contextlib import contextmanager
from itertools import count
from pathlib import Path

OTHER_HARDWARE = "02:00:00:00:00:01"  # nobody's: what is sent to it is dropped on arrival
numbers = count()


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Island:
    """`outside` is our address as seen from it; `under` runs a command on it. Used as a context."""

    def __init__(self):
        self.number = os.getpid() % 4000 * 4 + next(numbers) % 4  # of this process: tests run side by side
        self.name = f"pgentry-{self.number}"
        self.cable = f"pge{self.number}"
        base = self.number * 4
        self.outside, self.inside = (f"198.18.{base // 256}.{base % 256 + host}" for host in (1, 2))

    @property
    def under(self):
        return ["ip", "netns", "exec", self.name]

    def __enter__(self):
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "cable", "netns", self.name)
        ip("addr", "add", f"{self.outside}/30", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        ip("-n", self.name, "addr", "add", f"{self.inside}/30", "dev", "cable")
        ip("-n", self.name, "link", "set", "cable", "up")
        return self

    @contextmanager
    def name_server(self, address):
        """Commands on the island ask this one (ip-netns(8) mounts the file for them)."""
        folder = Path("/etc/netns") / self.name
        folder.mkdir(parents=True)
        try:
            (folder / "resolv.conf").write_text(f"nameserver {address}\n", encoding="ascii")
            yield
        finally:
            shutil.rmtree(folder)

    def cut(self):
        """From now on packets vanish, both ways."""
        ip("neigh", "replace", self.inside, "lladdr", OTHER_HARDWARE, "dev", self.cable, "nud", "permanent")
        ip("-n", self.name, "neigh", "replace", self.outside, "lladdr", OTHER_HARDWARE, "dev", "cable", "nud", "permanent")

    def __exit__(self, *_):
        ip("netns", "del", self.name)

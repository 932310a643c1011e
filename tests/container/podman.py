"""Real containers through podman, in a storage of the tests' own that outlives the session: images are built once.

Nothing of the system's own containers, images and networks is seen or touched, but for ANNOUNCE while it lasts.
Unavailable is raised, with the reason, where podman may not run.
"""
import contextlib
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgentry-tests" / "podman"
BASE = "docker.io/library/debian:bookworm-slim"

# How the control groups must look for a container to start differs: with both versions mounted crun refuses, and with
# version 2 alone it needs a limit on locked memory that may be raised. The first view that works is taken.
VIEWS = {
    "as the system has them": "true",
    "version 1 alone": "umount -R /sys/fs/cgroup/unified",
    "version 2 alone": "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup",
}


# A bridge has the lowest hardware address of its ports, so another one comes with a container that starts or ends, and for up
# to a minute the others send what is for the gateway, and so for the name server, to the old one. With this set the
# kernel announces the new one (arp_notify in the kernel's ip-sysctl.rst).
ANNOUNCE = Path("/proc/sys/net/ipv4/conf/all/arp_notify")


class Unavailable(Exception):
    """Podman may not run here; the text says why."""


def _settings():
    """The configuration files; limits are given because podman's default asks for more than it may have."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{CACHE}/networks"\n'
        f'[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\ntmp_dir = "{CACHE}/run/libpod"\n',
        encoding="ascii")
    (CACHE / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{CACHE}/storage"\nrunroot = "{CACHE}/run/storage"\n',
        encoding="ascii")
    return {"PATH": os.environ["PATH"], "HOME": str(CACHE), "CONTAINERS_CONF": str(CACHE / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(CACHE / "storage.conf"), "BUILDAH_ISOLATION": "chroot"}


class Failed(Exception):
    """A command ended with another status than 0; the text is the command and its last lines."""


class Podman:
    """podman("run", …) runs one command of it, all of them in one mount namespace that ends with the session."""

    def __init__(self):
        if not shutil.which("podman"):
            raise Unavailable("podman is not installed")
        if os.geteuid() != 0:
            raise Unavailable("not root")
        self.environment = _settings()
        self.lock = open(CACHE / "lock", "w", encoding="ascii")
        fcntl.flock(self.lock, fcntl.LOCK_EX)  # one session at a time: they share names, networks and storage
        self.holder = None
        self.announced = self._announce("1")
        try:
            self._begin()
        except BaseException:
            self._leave()
            self._announce(self.announced)
            raise

    def _begin(self):
        reasons = []
        for name, view in VIEWS.items():
            try:
                self._enter(view)
                self("rm", "--all", "--force", "--time", "0")
                self._base()
                self("run", "--rm", "--network", "none", BASE, "true")
                return
            except (Unavailable, Failed) as error:
                reasons.append(f"{name}: {error}")
                self._leave()
        raise Unavailable("; ".join(reasons))

    def _announce(self, setting):
        """Returns what was set before. Where it may not be set, names are found late now and then."""
        before = ANNOUNCE.read_text(encoding="ascii")
        with contextlib.suppress(OSError):
            ANNOUNCE.write_text(setting, encoding="ascii")
        return before

    def _enter(self, view):
        script = f"{view} && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise Unavailable(self.holder.stderr.read())

    def _leave(self):
        if self.holder is not None:
            self.holder.kill()
            self.holder.communicate()
            self.holder = None

    def _base(self):
        """The base image, made of Debian's packages: no image registry is needed."""
        if self.has(BASE):
            return
        if not shutil.which("mmdebstrap"):
            raise Unavailable("mmdebstrap, which makes the base image, is not installed")
        archive = CACHE / "base.tar"
        self.inside("mmdebstrap", "--quiet", "--variant=minbase", "bookworm", archive, timeout=600)
        self("import", archive, BASE)
        archive.unlink()

    def argv(self, *arguments, program="podman"):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", program, *map(str, arguments)]

    def _run(self, argv, check=True, timeout=120):
        done = subprocess.run(argv, env=self.environment, check=False, timeout=timeout, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            output = (done.stdout[-2000:] + done.stderr[-2000:]).strip()
            raise Failed(f"{' '.join(argv)}: status {done.returncode}\n{output}")
        return done

    def __call__(self, *arguments, **more):
        return self._run(self.argv(*arguments), **more)

    def inside(self, program, *arguments, **more):
        """Another program in the same mount namespace: it sees what podman has mounted."""
        return self._run(self.argv(*arguments, program=program), **more)

    def has(self, image):
        return self("image", "exists", image, check=False).returncode == 0

    def build(self, tag, folder, *options):
        """Builds an image; the layers of earlier sessions are used again."""
        self("build", "--network", "host", "--tag", tag, *options, folder, timeout=900)

    def network(self, name):
        """Makes the network and returns the options that put a container into it. Its own name server alone is asked:
        podman adds this machine's, which does not know the containers, and musl believes whichever answers first."""
        if self("network", "exists", name, check=False).returncode != 0:
            self("network", "create", name)
        gateway = self("network", "inspect", "--format", "{{(index .Subnets 0).Gateway}}", name).stdout.strip()
        return [f"--network={name}", f"--dns={gateway}"]

    def close(self):
        self("rm", "--all", "--force", "--time", "0", check=False)
        self("network", "prune", "--force", check=False)
        # images of earlier versions of the sources, whose layers nothing uses any more
        self("image", "prune", "--force", "--filter", "until=168h", check=False)
        self._leave()
        self._announce(self.announced)
        self.lock.close()

"""What the guides under docker/ show is what the binary takes."""
import re

import pytest
from worlds import ROOT

GUIDES = sorted((ROOT / "docker").glob("*.md"))
VARIABLES = {"DB_USER": "app", "DB_PASSWORD": "p:ss/w@rd", "DB_NAME": "shop", "DATABASE_URL": "postgresql://app@db/shop"}


def examples():
    """Every configuration in a guide, and the demo's: (name, text). A manifest for another program is marked as one."""
    yield "demo/pgentry.yaml", (ROOT / "docker/demo/pgentry.yaml").read_text(encoding="utf-8")
    for guide in GUIDES:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for number, text in enumerate(blocks, 1):
            yield f"{guide.name} {number}", text


@pytest.mark.parametrize("text", [text for _, text in examples()], ids=[name for name, _ in examples()])
def test_every_configuration_shown_is_accepted(podman, pgentry_image, tmp_path, text):
    file = tmp_path / "pgentry.yaml"
    file.write_text(text, encoding="utf-8")
    variables = [f"--env={name}={value}" for name, value in VARIABLES.items()]
    done = podman("run", "--rm", "--network", "none", f"--volume={file}:/pgentry.yaml:ro", *variables, pgentry_image,
                  "config", "--config", "/pgentry.yaml", check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.name for guide in GUIDES])
def test_every_variable_named_is_a_key(podman, pgentry_image, guide):
    """PGENTRY_… that no key has is warned of when the configuration is read."""
    named = set(re.findall(r"\b(PGENTRY_[A-Z_]+)(?:=|, value: )\"?([^\s`)}\"]*)", guide.read_text(encoding="utf-8")))
    variables = [f"--env={name}={value}" for name, value in sorted(named)]
    done = podman("run", "--rm", "--network", "none", "--env=DATABASE_URL=postgresql://app@db/shop", *variables,
                  pgentry_image, "config", check=False)
    assert done.returncode == 0, done.stderr
    for name, _ in named:
        assert name not in done.stderr, done.stderr

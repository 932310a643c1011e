"""The document of `pgentry diagnose --json`."""
import json
import os
import subprocess


INTRUDER = "x\n: > pwned #"  # a name: what stands behind its newline is a shell's next line


def fixes(text):
    """The fixes as the report for people has them, to the end of each line."""
    return "\n".join(line[6:] for line in text.splitlines() if line.startswith("      "))


class Report:
    """What `pgentry diagnose --json` said, and its exit status."""

    def __init__(self, done):
        self.exit = done.exit
        self.document = json.loads(done.stdout)
        self.findings = self.document["findings"]
        self.connection = self.document["connection"]
        assert list(self.document) == ["status", "connection", "findings"]
        for finding in self.findings:
            assert list(finding) == ["code", "severity", "object", "message", "fix"]
            assert finding["severity"] in ("info", "warning", "error")
            assert finding["message"] and finding["object"], finding
            # all of it can be pasted into a shell: commands, and comments for the person
            checked = subprocess.run(["sh", "-n"], input=finding["fix"], text=True, capture_output=True, check=False)
            assert finding["fix"] and checked.returncode == 0, (finding, checked.stderr)

    def codes(self, *severities):
        return {finding["code"] for finding in self.findings if finding["severity"] in (severities or ("warning", "error"))}

    def one(self, code):
        found = [finding for finding in self.findings if finding["code"] == code]
        assert len(found) == 1, self.findings
        return found[0]

    @staticmethod
    def paste(fix, folder):
        """Pastes a fix into a shell where the programs that it names do nothing; whether anything else ran."""
        nothing = "".join(f"{program}() {{ :; }}\n" for program in ("psql", "npx", "pgentry", "git"))
        subprocess.run(["sh"], input=nothing + fix, text=True, check=True, cwd=folder, env={})
        return (folder / "pwned").exists()

    @staticmethod
    def run(fix, **env):
        """Pastes a fix into a shell."""
        return subprocess.run(["sh", "-e", "-c", fix], text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False,
                              env={"PATH": os.environ["PATH"], "PAGER": "cat", **env})

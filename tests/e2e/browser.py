"""Chromium without a window, driven by its driver over the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""
import base64
import json
import subprocess
import tempfile
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--force-color-profile=srgb"]
PHONE, DESK = (390, 844), (1200, 900)


class Browser:
    """One window. Pages are opened with page scripts off: what is there, is there without one."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="pgentry-browser-", ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       stdin=subprocess.DEVNULL, text=True)
        port = next(line.split()[-1].rstrip(".") for line in self.driver.stdout if "started successfully" in line)
        self.base = f"http://127.0.0.1:{port}"
        options = {"args": [*ARGUMENTS, f"--user-data-dir={self.profile.name}"], "binary": "/usr/bin/chromium"}
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options,
                                        "goog:loggingPrefs": {"browser": "ALL"}}}
        self.base += "/session/" + self._call("POST", "/session", {"capabilities": capabilities})["sessionId"]
        self.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.look(DESK)

    def _call(self, method, path, body=None):
        request = Request(self.base + path, method=method, data=None if body is None else json.dumps(body).encode(),
                          headers={"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def devtools(self, command, **parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, size, dark=False):
        """The window's size in CSS pixels, and which colours its user prefers."""
        width, height = size
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        self._call("POST", "/url", {"url": url})
        return self

    def run(self, expression, *arguments):
        """The value of a JavaScript expression, asked from outside the page; `a` is the arguments."""
        return self._call("POST", "/execute/sync", {"script": f"const a = arguments; return {expression};",
                                                    "args": list(arguments)})

    def text(self, selector):
        """What a reader sees of the first element that fits; None if there is none."""
        return self.run("document.querySelector(a[0])?.innerText ?? null", selector)

    def texts(self, selector):
        return self.run("Array.from(document.querySelectorAll(a[0]), one => one.innerText)", selector)

    def console(self):
        """What the browser complained of since it was asked last: refused styles, failed loads."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path):
        """The whole page as PNG."""
        picture = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def close(self):
        try:
            self._call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.profile.cleanup()

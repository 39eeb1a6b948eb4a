"""What the two measuring commands share: servers on this machine, wrk, medians, tables. Python's own library is enough."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
API = "/api/inventory"
PACKHORSE = ROOT / "target/release/packhorse"
ECHO = ROOT / "target/release/examples/echo"


def say(text):
    print(text, file=sys.stderr, flush=True)


def need(commands, packages):
    """Installs what is not there."""
    if all(shutil.which(command) for command in commands):
        return
    sudo = [] if os.getuid() == 0 else ["sudo"]
    say(f"installing {' '.join(packages)}")
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run([*sudo, "apt-get", "update"], check=True, **quiet)
    subprocess.run([*sudo, "apt-get", "install", "--yes", "--no-install-recommends", *packages], check=True, **quiet)


def build(*targets):
    """Builds the program, and what else is named."""
    say("building")
    subprocess.run(["cargo", "build", "--locked", "--release", "--bin", "packhorse", *targets], cwd=ROOT, check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def warm(mebibytes):
    """Touches memory once and gives it back. A virtual machine gets fresh memory from its host page by page, at several
    microseconds each; without this, whoever runs first or needs most measures the host."""
    code = f"b = bytearray({mebibytes} << 20)\nfor i in range(0, len(b), 4096): b[i] = 1"
    subprocess.run([sys.executable, "-c", code], check=True)


@contextlib.contextmanager
def process(command, ready, **more):
    """Runs `command` while the block runs, from when `ready()` holds."""
    running = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
    os.set_blocking(running.stderr.fileno(), False)
    try:
        until(lambda: running.poll() is not None or ready(), 120, f"{command[0]} to be ready")
        if running.poll() is not None:
            raise SystemExit(f"{command[0]} stopped: {(running.stderr.read() or b'').decode()}")
        yield running
    finally:
        running.kill()
        running.wait()


def until(holds, seconds, what):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(0.01)


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


class Server:
    """A Packhorse on a directory, with `products` products that never run out."""

    def __init__(self, running, url, directory):
        self.running, self.url, self.directory = running, url, directory

    def memory(self, field="VmRSS"):
        """In bytes."""
        text = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) * 1024

    def stop(self):
        """Stops it as an operator does, and says how long that took."""
        begun = time.monotonic()
        self.running.send_signal(signal.SIGTERM)
        self.running.wait(timeout=120)
        return time.monotonic() - begun


@contextlib.contextmanager
def packhorse(directory, products=100, stage="1h", **settings):
    """`settings` are those of docs/settings.md, with `__` for the dot. What starts is what a user gets but for the stages: no timer
    fires while placing is measured, yet one is armed for every order."""
    url = f"http://127.0.0.1:{free_port()}"
    stages = {f"PACKHORSE_STAGES__{name}__AFTER": stage for name in ("PENDING", "PROCESSING", "SHIPPED")}
    given = {f"PACKHORSE_{name.upper()}": str(value) for name, value in settings.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PACKHORSE_")} | stages | given
    command = [PACKHORSE, "serve", "--listen", url.removeprefix("http://"), "--data-dir", directory]
    environment["RUST_LOG"] = "warn"
    with process(command, lambda: answers(f"{url}/readyz"), env=environment) as running:
        if not ask(f"{url}{API}/categories/"):
            ask(f"{url}{API}/categories/", {"name": "Things"})
            for n in range(products):
                product = {"name": f"Thing {n + 1}", "price": f"{n % 1000 + 1}.00", "stock": 2_000_000_000, "category_id": 1}
                ask(f"{url}{API}/products/", product)
        yield Server(running, url, directory)


@contextlib.contextmanager
def echo():
    url = f"http://127.0.0.1:{free_port()}"
    with process([ECHO, url.removeprefix("http://")], lambda: answers(f"{url}/orders/1/")):
        yield url


def wrk(url, connections, seconds, orders=None):
    """Requests a second and latencies in microseconds. `orders`: (products, orders in a request). Fails on any answer but 2xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "20s"]
    command += ["-s", str(HERE / "orders.lua"), url, "--", *map(str, orders)] if orders else [url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(f"wrk met errors at {url}:\n{text}")
    unit = {"us": 1, "ms": 1e3, "s": 1e6}
    percentile = {p: float(n) * unit[u] for p, n, u in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", text)}
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "p50": percentile["50"], "p99": percentile["99"]}


def fdatasync_us(directory):
    """The median time of writing 4 KiB into a file that is full of zeros, and syncing it."""
    path = Path(directory, "sync")
    path.write_bytes(bytes(8 << 20))
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    times = []
    for n in range(2_000):
        begun = time.perf_counter()
        os.pwrite(file, b"x" * 4096, n * 4096)
        os.fdatasync(file)
        times.append((time.perf_counter() - begun) * 1e6)
    os.close(file)
    path.unlink()
    return statistics.median(times)


@contextlib.contextmanager
def scratch():
    """On the disk that matters: set TMPDIR to one if /tmp is memory."""
    with tempfile.TemporaryDirectory(prefix="packhorse-compare-") as directory:
        # Other users' servers have directories of their own in it.
        os.chmod(directory, 0o755)
        yield directory


def machine():
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) >> 20
    return f"{os.cpu_count()} cores of {cpu[1] if cpu else 'unknown make'}, {memory} GiB, Linux {os.uname().release}"


def table(rows):
    """Markdown."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)

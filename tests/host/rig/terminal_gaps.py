#!/usr/bin/env python3
"""Measures how long nothing moves on the terminal of a person who waits.

    terminal_gaps.py BINARY DIRECTORY [--megabytes N] [--seconds S] [--limit S]

Runs long commands of BINARY under a pseudo-terminal in DIRECTORY and prints, for
each, the longest time without output, and what the screen said by then. Then
reads how much of the CPU time of a deploy was spent in the thread that draws its
progress: times of whole runs differ by more than that among themselves. Exits 1
if a gap is longer than --limit (1 s), or if that thread took more than 1 %.
"""

import argparse
import os
import pathlib
import pty
import re
import resource
import select
import statistics
import subprocess
import sys
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--limit", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def watch(argv, standard_input=None, look_at=None):
    """Runs `argv` on a terminal. Returns its exit status, the length of the
    longest gap in its output in seconds, and the text before that gap. Calls
    `look_at` with its process ID a hundred times a second."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        if standard_input is not None:
            os.dup2(standard_input, 0)
        os.execv(argv[0], argv)
    last, longest, text, before = time.monotonic(), 0.0, "", ""
    while True:
        ready = select.select([terminal], [], [], 0.01 if look_at else None)
        if look_at:
            look_at(child)
        if not ready[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        now = time.monotonic()
        if now - last > longest:
            longest, before = now - last, text
        last = now
        if not piece:
            break
        text = (text + ESCAPES.sub("", piece.decode(errors="replace")))[-400:]
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), longest, before


class ThreadTimes:
    """The CPU time in seconds of each thread of a process, by ID."""

    def __init__(self, name):
        self.name, self.seconds = name, {}

    def look_at(self, process):
        for task in pathlib.Path(f"/proc/{process}/task").glob("*"):
            try:
                if (task / "comm").read_text().strip() == self.name:
                    spent = int((task / "schedstat").read_text().split()[0])
                    self.seconds[task.name] = spent / 1e9
            except OSError:
                pass  # it has ended


def make_tree(directory, megabytes):
    """Half of it large files, half of it files of 16 KiB; incompressible."""
    for part in range(megabytes):
        place = directory / f"part-{part}"
        place.mkdir(parents=True)
        if part % 2 == 0:
            (place / "large").write_bytes(os.urandom(1 << 20))
            continue
        for number in range(64):
            (place / f"small-{number}").write_bytes(os.urandom(1 << 14))


class Run:
    def __init__(self, options):
        self.options = options
        self.binary = str(options.binary.resolve())
        self.place = options.directory.resolve()
        self.failed = False

    def release(self, root, *words):
        return [self.binary, "--root", str(self.place / root), *words]

    def quiet(self, argv):
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def show(self, name, argv, status=0, standard_input=None):
        ended, gap, text = watch(argv, standard_input)
        lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
        print(f"{name:<28} {gap:6.2f} s  after: {(lines or ['the start'])[-1]}",
              flush=True)
        if ended != status or gap > self.options.limit:
            self.failed = True
            print(f"  FAILED: exit status {ended}, expected {status}; "
                  f"limit {self.options.limit} s")

    def all(self):
        seconds = self.options.seconds
        make_tree(self.place / "tree", self.options.megabytes)
        archive = str(self.place / "app.tar.zst")
        self.show("pack", [self.binary, "pack", str(self.place / "tree"), "-o",
                           archive, "--version", "1"])
        self.quiet(self.release("a", "init"))
        self.show("deploy", self.release("a", "deploy", archive))
        self.show("deploy of a second version",
                  self.release("a", "deploy", archive, "--version", "2"))
        self.show("verify", self.release("a", "verify", "--all"))
        self.show("rollback", self.release("a", "rollback"))
        self.show("wait for a confirmation",
                  self.release("a", "activate", "2", "--confirm-within",
                               f"{seconds}s"), status=4)
        (self.place / "health.toml").write_text(
            f'root = "{self.place}/a"\n[healthcheck]\n'
            f'command = ["/bin/sh", "-c", "readlink {self.place}/a/current | '
            f'grep -q 1$"]\ndeadline = "{seconds}s"\n')
        self.show("wait for health",
                  [self.binary, "--config", str(self.place / "health.toml"),
                   "activate", "2"], status=4)
        self.lock(seconds)
        self.upload(archive, seconds)
        self.quiet(["cp", "-r", str(self.place / "tree"),
                    str(self.place / "plain")])
        (self.place / "adopted").mkdir()
        os.rename(self.place / "plain", self.place / "adopted/current")
        self.show("init --adopt", self.release("adopted", "init", "--adopt"))
        self.cost(archive)

    def lock(self, seconds):
        """Another command waits for its confirmation and holds the lock."""
        holder = subprocess.Popen(
            self.release("a", "-v", "activate", "2", "--confirm-within",
                         f"{seconds // 3}s"),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in holder.stderr:
            if "confirm" in line:
                break
        self.show("wait for the lock", self.release("a", "--wait", "prune"))
        holder.stderr.read()
        holder.wait()

    def upload(self, archive, seconds):
        """The archive arrives slowly, with a pause in the middle."""
        size = os.path.getsize(archive)
        script = (f"head -c {size // 2} {archive}; sleep {seconds // 3}; "
                  f"tail -c +{size // 2 + 1} {archive}")
        feed = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
        self.show("upload with a pause",
                  self.release("a", "deploy", "-", "--version", "3"),
                  standard_input=feed.stdout.fileno())
        feed.stdout.close()
        feed.wait()

    def cost(self, archive):
        shares = []
        for number in range(self.options.rounds):
            self.quiet(self.release(f"cost-{number}", "init"))
            ticker = ThreadTimes("ticker")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            status = watch(self.release(f"cost-{number}", "deploy", archive),
                           look_at=ticker.look_at)[0]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert status == 0 and ticker.seconds, "no progress was drawn"
            whole = (after.ru_utime + after.ru_stime
                     - before.ru_utime - before.ru_stime)
            shares.append(sum(ticker.seconds.values()) / whole)
            subprocess.run(["rm", "-rf", str(self.place / f"cost-{number}")],
                           check=True)
        share = statistics.median(shares)
        print(f"drawing the progress: {share:.2%} of the CPU time of a deploy "
              f"(at most {max(shares):.2%} in {len(shares)} rounds)")
        if share > 0.01:
            self.failed = True


if __name__ == "__main__":
    run = Run(arguments())
    run.all()
    sys.exit(1 if run.failed else 0)

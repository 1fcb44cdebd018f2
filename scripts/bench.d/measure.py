"""Runs commands on a file system of their own, and takes their times."""

import os
import statistics
import subprocess
import sys
import time

IMAGE_SIZE = 12 << 30
SETTLED = "settled"  # the tree that stands there stays in memory
EMPTY = "empty"      # nothing of the file system is in memory, inputs are
COLD = "cold"        # nothing at all is


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True,
                          **options)


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def go_first():
    """Gives the measured commands priority over other work on this machine."""
    try:
        os.setsid()  # a scheduling group of its own
    except PermissionError:
        pass
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as file:
            file.write("-20")
    except OSError:
        pass
    os.nice(-20)


class Disk:
    """An image that is formatted anew for each measurement. Deleted files and
    inodes that are still in memory slow down the next command; formatting keeps
    them from influencing it."""

    def __init__(self, place):
        self.path, self.image = place / "disk", place / "image"
        self.path.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_SIZE)
        self.mounted = False

    def close(self):
        self.unmount()

    def fresh(self):
        self.unmount()
        run("mkfs.ext4", "-q", "-F", "-i", "16384",
            "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1",
            self.image)
        run("sync", self.image)
        self.mount()

    def mount(self):
        # Straight to the image: a disk has no second cache.
        device = subprocess.run(
            ["losetup", "-f", "--show", "--direct-io=on", self.image],
            check=True, capture_output=True, text=True).stdout.strip()
        try:
            run("mount", "-o", "noinit_itable", device, self.path)
        finally:
            run("losetup", "-d", device)  # once nobody has it mounted
        self.mounted = True

    def unmount(self):
        if self.mounted:
            run("umount", self.path)
        self.mounted = False

    def make(self, state):
        run("sync", "-f", self.path)
        if state != SETTLED:
            self.unmount()
            self.mount()
        if state == COLD:
            with open("/proc/sys/vm/drop_caches", "w",
                      encoding="ascii") as file:
                file.write("3")

    def used(self):
        run("sync", "-f", self.path)
        now = os.statvfs(self.path)
        return (now.f_blocks - now.f_bfree) * now.f_frsize


def timed(command, environment=None):
    """(wall, CPU) seconds of one process and its children, start included."""
    command = [str(part) for part in command]
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0)
            for fd in (0, 1)]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command,
                          {**os.environ, **(environment or {})},
                          file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"bench: {' '.join(command)}: "
                 f"exit {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_utime + usage.ru_stime


class Way:
    """A command to compare. `setup` is not measured; `check` ends the bench if
    the result is wrong. With `keep` the disk is not formatted."""

    def __init__(self, command, setup=lambda: None, check=None, state=EMPTY,
                 inputs=(), keep=False, quick=False):
        self.command, self.setup, self.check = command, setup, check
        self.state, self.inputs, self.keep = state, inputs, keep
        self.quick = quick


class Rounds:
    """Runs the commands in turn, in an order that changes."""

    def __init__(self, disk, nosync):
        self.disk, self.nosync = disk, nosync

    def measure(self, way, check):
        if not way.keep:
            self.disk.fresh()
        way.setup()
        self.disk.make(way.state)
        if way.state != COLD:
            for file in way.inputs:
                run("cat", file, stdout=subprocess.DEVNULL)
        environment = {"LD_PRELOAD": str(self.nosync)} if way.quick else None
        times = timed(way.command, environment)
        if check and way.check:
            way.check()
        return times

    def run(self, ways, seconds, least=3, most=9):
        """[{name: (wall, CPU)}], as often as the seconds allow."""
        found = []
        begin = time.monotonic()
        while len(found) < most:
            spent = time.monotonic() - begin
            if len(found) >= least and \
                    spent * (1 + 1 / len(found)) > seconds:
                break
            turn = len(found) % len(ways)
            order = list(ways)[turn:] + list(ways)[:turn]
            # Whatever is measured is checked, the first time.
            found.append({name: self.measure(ways[name], check=not found)
                          for name in order})
        return found


def ratios(rounds, one, other, which):
    return [each[one][which] / max(each[other][which], 1e-6)
            for each in rounds]


def median(rounds, name, which=0):
    return statistics.median(each[name][which] for each in rounds)

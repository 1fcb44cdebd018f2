"""A second version, of which 4 % changed, beside the first."""

import subprocess

from measure import SETTLED, Way, run
from table import Row
from workloads import W1, W3

SECONDS = 0.18


def measure(bench):
    for workload, share in ((W1, 0.7), (W3, 0.3)):
        name = workload.name.upper()
        both = bench.packed(workload), bench.packed(workload, 2)
        found = bench.rounds({
            "dedup": deploy(bench, both, "hardlink"),
            "full": deploy(bench, both, "off"),
            "ostree": ostree(bench, both),
            "rsync": rsync(bench, both)}, SECONDS * share)
        what = f"second `deploy` of {name}, 4 % changed, dedup, durable"
        for against, other, limit in (
                ("the same without dedup", "full", 0.55),
                ("`ostree commit` + `checkout`", "ostree", 0.20),
                ("`tar` + `rsync -a --link-dest`", "rsync", 0.15)):
            bench.table.compare(what, against, found, "dedup", other, limit)
        new_bytes(bench, both, name)


def deploy(bench, both, dedup):
    first, second = both

    def setup():
        bench.init(dedup=dedup)
        run(*bench.release("deploy", "--version", "1", first.archive))

    def check():
        second.check(bench.root / "current")
        first.check(bench.root / "releases/1")
    return Way(bench.release("deploy", "--version", "2", second.archive),
               setup, check, SETTLED, [first.archive, second.archive])


def ostree(bench, both):
    repository = bench.disk.path / "ostree"

    def commands(packed, version):
        return (f"ostree --repo={repository} commit -b shop "
                f"--tar-autocreate-parents --tree=tar={packed.archive} && "
                f"ostree --repo={repository} checkout -H shop "
                f"{bench.disk.path}/{version}")

    def setup():
        run("ostree", f"--repo={repository}", "init", "--mode=bare")
        run("sh", "-c", commands(both[0], 1), stdout=subprocess.DEVNULL)
    return Way(["sh", "-c", commands(both[1], 2)], setup,
               lambda: both[1].check(bench.disk.path / "2"), SETTLED,
               [packed.archive for packed in both])


def rsync(bench, both):
    disk = bench.disk.path

    def setup():
        (disk / "1").mkdir()
        run("tar", "--zstd", "-xf", both[0].archive, "-C", disk / "1")

    script = (f"mkdir {disk}/new {disk}/2 && "
              f"tar --zstd -xf {both[1].archive} -C {disk}/new && "
              f"rsync -a --link-dest={disk}/1 {disk}/new/ {disk}/2/")
    return Way(["sh", "-c", script], setup,
               lambda: both[1].check(disk / "2"), SETTLED,
               [packed.archive for packed in both])


def new_bytes(bench, both, name):
    """Blocks of the file system that the second deploy took."""
    way = deploy(bench, both, "hardlink")
    bench.disk.fresh()
    way.setup()
    before = bench.disk.used()
    run(*way.command)
    used = bench.disk.used() - before
    way.check()
    second = both[1]
    folders = sum(4096 for _ in second.folders)
    bench.table.add(Row(
        f"new disk space of that second `deploy` of {name}",
        "changed files + 5 % + directories", used / 1e6,
        (second.changed_blocks * 1.05 + folders) / 1e6, "MB",
        f"{second.changed / 1e6:.1f} MB changed, in {second.changed_blocks / 1e6:.1f}"
        f" MB of blocks; {folders / 1e6:.1f} MB of directories"))

"""Measures verify, status and prune."""

import re
import statistics
import subprocess
import sys

from measure import COLD, SETTLED, Way, run
from table import Row
from workloads import FEW, W1

SECONDS = 0.22
TRANSACTIONS = 10_000
PRUNED = 3  # times


def measure(bench):
    verify(bench)
    status(bench)
    prune(bench)
    critical_path(bench)


def verify(bench):
    w1 = bench.packed(W1)
    bench.disk.fresh()
    bench.init()
    run(*bench.release("deploy", "--version", "1", w1.archive))
    w1.check(bench.root / "current")
    sums = f"cd {bench.root}/current && sha256sum --quiet -c {w1.sums}"
    for state, word, limit in ((SETTLED, "warm", 0.20), (COLD, "cold", 0.35)):
        if state == SETTLED:
            run(*bench.release("verify"))
        found = bench.rounds({
            "verify": Way(bench.release("verify"), state=state, keep=True),
            "sums": Way(["sh", "-c", sums], state=state, keep=True)},
            SECONDS * 0.3)
        bench.table.compare(f"`verify` of W1, {word}", "`sha256sum -c`", found,
                            "verify", "sums", limit)
    # A check that cannot fail would be quick, too.
    victim = next((bench.root / "current").rglob("*.js"))
    with open(victim, "r+b") as file:
        file.write(b"F")
    if subprocess.run(bench.release("verify"), check=False,
                      stdout=subprocess.DEVNULL).returncode != 8:
        sys.exit("bench: verify did not see a byte that changed")


def status(bench):
    """The same history twice, of ten transactions and of ten thousand."""
    few, many = bench.disk.path / "ten", bench.disk.path / "many"
    bench.init(root=few)
    archive = bench.packed(FEW).archive
    for version in "12":
        run(*bench.release("deploy", "--version", version, archive, root=few))
    for version in "12121212":
        run(*bench.release("activate", version, root=few))
    run("cp", "-a", few, many)
    bench.configure(root=many)
    folder = many / ".release/transactions"
    newest = sorted(folder.glob("[0-9]*.log"))[-1]
    content, last = newest.read_bytes(), int(newest.stem)
    for number in range(last + 1, TRANSACTIONS):
        (folder / f"{number:06d}.log").write_bytes(content)
    # The last one is real: as any, it remembers what is newest.
    run(*bench.release("activate", "1", root=many))
    found = bench.rounds({
        "many": Way(bench.release("status", root=many), state=SETTLED,
                    keep=True),
        "ten": Way(bench.release("status", root=few), state=SETTLED,
                   keep=True)}, SECONDS * 0.1, most=31)
    bench.table.compare(f"`status`, {TRANSACTIONS:,} transactions",
                        f"`status`, {last}", found, "many", "ten", 1.5)


def old_w1(bench, root=None):
    """A root whose oldest release is W1, kept for now."""
    w1, few = bench.packed(W1).archive, bench.packed(FEW).archive
    bench.init(root=root, keep_releases=5)
    for version, archive in (("1", w1), ("2", few), ("3", few)):
        run(*bench.release("deploy", "--version", version, archive, root=root))
    bench.configure(root=root, keep_releases=1)


def prune(bench):
    w1 = bench.packed(W1)
    tree = bench.disk.path / "tree"

    def setup_tree():
        tree.mkdir()
        run("tar", "--zstd", "-xf", w1.archive, "-C", tree)

    def check():
        left = sorted(path.name for path in (bench.root / "releases").iterdir())
        if left != ["2", "3"]:
            sys.exit(f"bench: prune left {left}")
    found = bench.rounds({
        "prune": Way(bench.release("prune"), lambda: old_w1(bench), check,
                     COLD),
        "rm": Way(["rm", "-rf", tree], setup_tree, state=COLD)},
        SECONDS * 0.3)
    bench.table.compare("`prune` of a W1, cold", "`rm -rf`", found, "prune",
                        "rm", 0.45)


def critical_path(bench):
    """From the commit, when the new release is live for good, until the old one
    has left releases/; as strace sees it, which makes it longer."""
    trace = bench.place / "trace"
    spent = []
    for _ in range(PRUNED):
        bench.disk.fresh()
        old_w1(bench)
        bench.disk.make(SETTLED)
        run("strace", "-f", "-qq", "-ttt", "-e",
            "trace=fsync,fdatasync,rename,renameat,renameat2", "-o", trace,
            *bench.release("deploy", "--version", "4",
                           bench.packed(FEW).archive),
            stdout=subprocess.DEVNULL)
        spent.append(aside(trace.read_text().splitlines()))
    bench.table.add(Row(
        "setting a pruned W1 aside, after the commit of a `deploy`", "",
        statistics.median(spent) * 1000, 10, "ms",
        f"{min(spent) * 1000:.1f}..{max(spent) * 1000:.1f}, n = {PRUNED}; "
        "with strace"))


def aside(lines):
    """Seconds from the last sync before the rename to a name for the trash to
    the end of the sync after it."""
    when = [float(re.match(r"\d+ +([\d.]+)", line)[1]) for line in lines]
    trash = [number for number, line in enumerate(lines)
             if "rename" in line and ".trash-" in line]
    if not trash:
        sys.exit("bench: no release was set aside")
    before = [number for number in range(trash[0]) if "sync(" in lines[number]]
    after = [number for number in range(trash[-1], len(lines))
             if "sync(" in lines[number]]
    # The line after a sync begins when the sync has ended.
    end = min(after[0] + 1, len(lines) - 1) if after else trash[-1] + 1
    return when[end] - when[before[-1] + 1]

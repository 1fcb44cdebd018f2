"""A thin archive by the release that is live, against the full one."""

import subprocess

import second
from measure import SETTLED, Way, run
from table import Row
from workloads import W1, W1_ONE

SECONDS = 0.12


class Trees:
    """Both versions of a workload as `pack` makes archives of them, and the
    second one by the manifest of the first."""

    def __init__(self, bench, workload):
        self.packed = [bench.packed(workload, 1), bench.packed(workload, 2)]
        place = bench.place / f"{workload.name}-thin"
        place.mkdir(exist_ok=True)
        self.first, self.full, self.thin = (
            place / f"{name}.tar.zst" for name in ("first", "full", "thin"))
        base = place / "base"
        for version, packed in enumerate(self.packed, 1):
            tree = place / str(version)
            tree.mkdir()
            run("tar", "--zstd", "-xf", packed.archive, "-C", tree)
        pack = [bench.binary, "-q", "pack", "--version"]
        run(*pack, "1", place / "1", "-o", self.first)
        with open(base, "wb") as out:
            subprocess.run(["tar", "--zstd", "-xOf", self.first,
                            ".release-manifest"], stdout=out, check=True)
        run(*pack, "2", place / "2", "-o", self.full)
        run(*pack, "2", place / "2", "-o", self.thin, "--base", base)


def measure(bench):
    for workload, percent, upload in ((W1_ONE, 1, 0.03), (W1, 4, None)):
        trees = Trees(bench, workload)
        thin, full = (archive.stat().st_size
                      for archive in (trees.thin, trees.full))
        what = f"W1, {percent} % changed"
        bench.table.add(Row(f"size of a thin archive of {what}",
                            "the full archive", thin / full, upload,
                            details=f"{thin / 1e6:.2f} MB of {full / 1e6:.1f}"))
        found = bench.rounds({
            "links": deploy(bench, trees, trees.thin, "hardlink"),
            "copies": deploy(bench, trees, trees.thin, "off"),
            "full": deploy(bench, trees, trees.full, "off"),
            "rsync": second.rsync(bench, trees.packed)}, SECONDS / 2)
        what = f"thin `deploy` of {what}, durable"
        bench.table.compare(f"{what}, hard links", "the full archive", found,
                            "links", "full", 0.45)
        bench.table.compare(f"{what}, copies", "the full archive", found,
                            "copies", "full", 1.0)
        bench.table.compare(f"{what}, hard links",
                            "`tar` + `rsync -a --link-dest`", found, "links",
                            "rsync", 0.25)


def deploy(bench, trees, archive, dedup):
    def setup():
        bench.init(dedup=dedup)
        run(*bench.release("deploy", trees.first))

    def check():
        trees.packed[1].check(bench.root / "current")
    return Way(bench.release("deploy", archive), setup, check, SETTLED,
               [trees.first, archive])

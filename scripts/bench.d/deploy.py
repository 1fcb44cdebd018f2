"""W1 and W4, verified, against tar; and W1 in other forms."""

from measure import Way, run
from table import Row
from workloads import FEW, W1, W2, W2_HALF, W4

SECONDS = 0.31  # the part of all the time


def measure(bench):
    w1 = bench.packed(W1)
    against_tar(bench, "W1", w1, SECONDS * 0.35)
    against_tar(bench, "W4", bench.packed(W4), SECONDS * 0.2)
    other_archives(bench, w1)
    memory(bench, w1)


def against_tar(bench, name, packed, seconds):
    tar = f"tar --zstd -xf {packed.archive} -C $0"
    sums = f"cd $0 && sha256sum --quiet -c {packed.sums}"
    found = bench.rounds({
        "durable": bench.deploy(packed),
        "quick": bench.deploy(packed, quick=True),
        "tar": bench.shell(tar, packed),
        "tar+sums": bench.shell(f"{tar} && {sums}", packed),
        "tar+sync": bench.shell(f"{tar} && sync -f $0", packed)}, seconds)
    what = f"`deploy` of {name}, verified"
    bench.table.compare(f"{what}, not durable", "`tar --zstd -x`", found,
                        "quick", "tar", 0.70, cpu_limit=0.80)
    bench.table.compare(f"{what}, durable", "`tar --zstd -x; sync -f`", found,
                        "durable", "tar+sync", 0.75)
    bench.table.compare(f"{what}, durable", "`tar --zstd -x && sha256sum -c`",
                        found, "durable", "tar+sums", 0.45)


def other_archives(bench, w1):
    w2 = bench.packed(W2)
    tree = bench.place / "tree"
    tree.mkdir()
    run("tar", "--zstd", "-xf", w1.archive, "-C", tree)
    gzip, zip_ = bench.place / "w1-1.tar.gz", bench.place / "w1-1.zip"
    run("tar", "-czf", gzip, "-C", tree, "app")
    run("zip", "-qr", zip_, "app", cwd=tree)
    run("rm", "-r", tree)
    for what, packed, archive, tool, limit in (
            ("W2 (.tar.zst)", w2, w2.archive, "bsdtar -xf {} -C $0", 1.05),
            ("W1 as .zip", w1, zip_, "unzip -q {} -d $0", 0.60),
            ("W1 as .tar.gz", w1, gzip, "tar -xzf {} -C $0", 0.70)):
        found = bench.rounds({
            "deploy": bench.deploy(packed, archive=archive, quick=True),
            "other": bench.shell(tool.format(archive), packed,
                                 archive=archive)}, SECONDS * 0.15)
        words = tool.split()
        bench.table.compare(
            f"`deploy` of {what}, not durable", f"`{words[0]} {words[1]}`"
            if words[0] != "unzip" else "`unzip`", found, "deploy", "other",
            limit)


def memory(bench, w1):
    peaks = {}
    for what, packed, limit in (
            ("W1", w1, 48), ("W2, 600 MB", bench.packed(W2), 32),
            ("the half of W2", bench.packed(W2_HALF), 32),
            ("three files", bench.packed(FEW), None)):
        out = bench.place / "peak.txt"
        bench.disk.fresh()
        bench.init()
        run(bench.tools["peak"], out, *bench.release("deploy", packed.archive))
        packed.check(bench.root / "current")
        peaks[what] = int(out.read_text()) / 1024
        bench.table.add(Row(f"peak memory of a `deploy` of {what}", "",
                         peaks[what], limit, "MiB"))
    bench.table.add(Row("peak memory, W2 less its half", "",
                     peaks["W2, 600 MB"] - peaks["the half of W2"], 4, "MiB"))

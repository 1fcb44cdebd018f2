"""Rollbacks, whole processes with their syncs, against others' and against the
least that one can cost."""

import os
import pathlib
import random
import subprocess
import sys

from measure import Way, run, timed
from workloads import FEW, W1, W3

ROUNDS = 40
CAPISTRANO_ROUNDS = 5
HERE = pathlib.Path(__file__).resolve().parent


def measure(bench):
    bench.disk.fresh()
    roots = {name: two_releases(bench, name, workload)
             for name, workload in (("w1", W1), ("w3", W3), ("few", FEW))}
    bare = bench.disk.path / "bare"
    bare.mkdir()
    nix = Nix(bench)
    rounds = []
    for number in range(ROUNDS):
        ways = {name: (bench.release("rollback", root=root), None)
                for name, root in roots.items()}
        ways["floor"] = ([bench.tools["floor"], bare, "releases/1"], None)
        ways["nix"] = (nix.rollback, nix.environment)
        order = list(ways)
        random.Random(number).shuffle(order)
        rounds.append({name: timed(*ways[name]) for name in order})
        check(roots, bare, nix)
        go_forward(bench, roots, nix)
    table = bench.table
    what = "`release rollback` of W1, whole process"
    table.compare(what, "symlink + rename + fsync in C", rounds, "w1", "floor",
                  3)
    table.compare(what, "`nix-env --rollback`", rounds, "w1", "nix", 0.35)
    table.compare("`release rollback` of W1", "of W3", rounds, "w1", "w3", 1.1)
    table.compare("`release rollback` of W3", "of W1", rounds, "w3", "w1", 1.1)
    capistrano(bench, roots["few"])
    libraries(bench, roots["w1"])


def two_releases(bench, name, workload):
    root = bench.disk.path / name
    bench.init(root=root)
    for version in "12":
        run(*bench.release("deploy", "--version", version,
                           bench.packed(workload).archive, root=root))
    return root


def check(roots, bare, nix):
    links = {root / "current": "releases/1" for root in roots.values()}
    links[bare / "current"] = "releases/1"
    links[nix.profile] = "profile-1-link"
    for link, target in links.items():
        if os.readlink(link) != target:
            sys.exit(f"bench: {link} leads to {os.readlink(link)}, "
                     f"not to {target}")


def go_forward(bench, roots, nix):
    for root in roots.values():
        run(*bench.release("activate", "2", root=root))
    run(*nix.forward, env={**os.environ, **nix.environment},
        stderr=subprocess.DEVNULL)


class Nix:
    """A store and a profile of its own on the disk, with two generations."""

    def __init__(self, bench):
        top = bench.disk.path / "nix"
        self.profile = top / "profile"
        self.environment = {
            "NIX_STORE_DIR": f"{top}/store", "NIX_STATE_DIR": f"{top}/var",
            "NIX_LOG_DIR": f"{top}/log", "NIX_CONF_DIR": f"{top}/etc",
            "NIX_REMOTE": "", "HOME": f"{top}/home"}
        (top / "etc").mkdir(parents=True)
        (top / "home").mkdir()
        # Without a build, no build users; root need not be a member of any.
        (top / "etc/nix.conf").write_text("build-users-group =\n")
        environment = {**os.environ, **self.environment}
        for version in "12":
            tree = top / f"tree{version}"
            tree.mkdir()
            (tree / "version").write_text(version)
            path = subprocess.run(["nix-store", "--add", tree], check=True,
                                  env=environment, capture_output=True,
                                  text=True).stdout.strip()
            run("nix-env", "-p", self.profile, "--set", path, env=environment)
        self.rollback = ["nix-env", "-p", self.profile, "--rollback"]
        self.forward = ["nix-env", "-p", self.profile, "--switch-generation",
                        "2"]


def capistrano(bench, root):
    """`deploy:rollback` on this host, without ssh and without a repository:
    kinder to it than any real use."""
    shop = bench.disk.path / "capistrano"
    app = bench.place / "capistrano"
    run("cp", "-r", HERE / "capistrano", app)
    (app / "config/deploy.rb").write_text(
        f'set :application, "shop"\nset :deploy_to, "{shop}"\n')

    def rollback_setup():
        run("rm", "-rf", shop)
        for number, name in enumerate(("20260101000000", "20260102000000")):
            release = shop / "releases" / name
            release.mkdir(parents=True)
            (release / "version").write_text(name)
            # It takes the newest by the times of the directories.
            os.utime(release, (number * 1000, number * 1000))
        (shop / "current").symlink_to(release)

    def rollback_check():
        if not os.readlink(shop / "current").endswith("20260101000000"):
            sys.exit("bench: capistrano did not roll back")
    # Its program looks for Capfile where it stands.
    script = f"cd {app} && cap local deploy:rollback"
    found = bench.rounds({
        "release": Way(bench.release("rollback", root=root),
                       lambda: run(*bench.release("activate", "2", root=root)),
                       state="settled", keep=True),
        "cap": Way(["sh", "-c", script], rollback_setup, rollback_check,
                   state="settled", keep=True)}, 0.03,
        most=CAPISTRANO_ROUNDS)
    bench.table.compare("`release rollback`, three files",
                        "Capistrano's `deploy:rollback`, one file, no ssh",
                        found, "release", "cap")


def libraries(bench, root):
    """Ends the bench where a rollback loads what only archives or requests
    need."""
    trace = bench.place / "trace"
    run("strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace,
        *bench.release("rollback", root=root), stdout=subprocess.DEVNULL)
    loaded = sorted({os.path.basename(line.split('"')[1])
                     for line in trace.read_text().splitlines()
                     if ".so" in line and "ld.so.cache" not in line
                     and " = -1 " not in line})
    if not any(name.startswith("libc.so") for name in loaded):
        sys.exit("bench: the trace does not even show libc")
    if any(name.startswith(("libarchive", "libcrypto"))
           for name in loaded):
        sys.exit(f"bench: a rollback loads {', '.join(loaded)}")
    bench.facts.append("Shared libraries that a rollback loads: "
                       + ", ".join(loaded) + ".")

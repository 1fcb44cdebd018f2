#!/usr/bin/python3
"""Rolls a release out over many roots of this machine, as if each were a host.

  rollout.py SCENARIO --release FILE --collection DIR [--hosts N] [--kills N]

Ansible reaches each root by its local connection. Scenarios:

  stopped      One host in the middle does not prove healthy: the rollout stops,
               and exactly the hosts that have it go back.
  resumed      The same; then the host is mended, and the rollout is resumed.
  unreachable  Some hosts are unreachable from the first switch on: the others get
               the release, they are reported, and the next run settles them.
  killed       The controller is killed at random moments, and each time the
               rollout is resumed by running it again.

Prints what it measured, and exits with 1 after the first check that fails.
"""
import argparse, json, os, pathlib, random, re, shutil, signal, subprocess, sys, tempfile, time

FAILING_SHARE = 0.437  # the position of the host that fails, as a share of all


def check(condition, words):
    if not condition:
        sys.exit("rollout.py: FAILED: " + words)


class Fleet:
    """Roots with release 1 live, and the controller's inventory of them."""

    def __init__(self, directory, args):
        self.directory = pathlib.Path(directory)
        self.release = args.release
        self.names = ["h%04d" % number for number in range(1, args.hosts + 1)]
        self.bad = self.directory / "bad"  # while it exists, one host is not healthy
        self.away = self.directory / "away"  # while it exists, some are unreachable
        self.configs = {}
        self.lost = []
        self._make_archives()
        self._make_roots()
        link = self.directory / "collections/ansible_collections/release"
        link.mkdir(parents=True)
        (link / "release").symlink_to(args.collection)

    def root(self, name):
        return str(self.directory / name)

    def run(self, *words):
        done = subprocess.run([self.release, *words], capture_output=True, text=True)
        check(done.returncode == 0, "%s: %s%s" % (words, done.stdout, done.stderr))
        return done.stdout

    def _make_archives(self):
        tree = self.directory / "tree"
        tree.mkdir()
        (tree / "same").write_text("in every release\n" * 1000)
        for version in ("1", "2", "3"):
            (tree / "version").write_text(version + "\n")
            self.run("--quiet", "pack", str(tree), "--version", version, "-o", self.archive(version))

    def archive(self, version):
        return str(self.directory / ("shop-%s.tar.zst" % version))

    def _make_roots(self):
        first = self.root(self.names[0])
        self.run("--quiet", "--root", first, "init")
        self.run("--quiet", "--root", first, "deploy", self.archive("1"))
        for name in self.names[1:]:
            shutil.copytree(first, self.root(name), symlinks=True)

    def configure(self, name, text):
        path = self.directory / (name + ".toml")
        path.write_text('root = "%s"\n%s' % (self.root(name), text))
        self.configs[name] = str(path)

    def fail_at(self, name):
        """The host is not healthy with another release than 1, while `bad` exists.

        It answers well once before, so that nothing waits for a deadline.
        """
        once = self.directory / "answered"
        probe = "test ! -e %s || grep -qx 1 %s/current/version || { test ! -e %s && touch %s; }" % (
            self.bad, self.root(name), once, once)
        self.configure(
            name,
            '[healthcheck]\ncommand = ["sh", "-c", "%s"]\ninterval = "50ms"\n'
            'deadline = "10s"\nmin_healthy_time = "100ms"\n' % probe,
        )
        self.bad.touch()

    def lose(self, names):
        """The hosts become unreachable when the first one gets the release."""
        self.configure(self.names[0], '[hooks]\npost_activate = ["touch", "%s"]\n' % self.away)
        self.lost = names

    def write_inventory(self):
        away = "lookup('ansible.builtin.fileglob', '%s') | ternary('ssh', 'local')" % self.away
        lost = ' ansible_connection="{{ %s }}" ansible_host=127.0.0.1 ansible_port=1' % away
        lines = []
        for name in self.names:
            line = name + " rollout_root=" + self.root(name)
            if name in self.configs:
                line += " rollout_config=" + self.configs[name]
            lines.append(line + (lost if name in self.lost else ""))
        lines += [
            "[all:vars]",
            "ansible_connection=local",
            "ansible_python_interpreter=/usr/bin/python3",
            "rollout_executable=" + self.release,
        ]
        (self.directory / "hosts").write_text("\n".join(lines) + "\n")

    def status(self, name):
        return json.loads(self.run("--root", self.root(name), "--json", "status"))

    def live(self):
        """The release that each host serves, as the link says."""
        return {name: os.path.basename(os.readlink(self.root(name) + "/current")) for name in self.names}

    def check_live(self, expected):
        found = self.live()
        wrong = ["%s: %s instead of %s" % (name, found[name], expected[name]) for name in self.names
                 if found[name] != expected[name]]
        check(not wrong, "live: " + ", ".join(wrong[:10]))

    def check_all(self, version):
        self.check_live(dict.fromkeys(self.names, version))
        for name in self.names:
            status = self.status(name)
            check(status["ok"] and not status["open"], "%s: %s" % (name, status["problems"]))

    def transactions(self, name):
        return json.loads(self.run("--root", self.root(name), "--json", "history"))["transactions"]


class Run:
    """One run of the playbook, in a process group of its own."""

    def __init__(self, fleet, version, variables=()):
        words = ["/usr/bin/ansible-playbook", "-i", str(fleet.directory / "hosts"), "-f", "8"]
        words += ["release.release.rollout", "-e", "rollout_version=" + version]
        words += ["-e", "rollout_archive=" + fleet.archive(version)]
        words += ["-e", json.dumps({"rollout_batches": [1, 10, "25%"], **dict(variables)})]
        environment = dict(
            os.environ,
            HOME=str(fleet.directory),
            LC_ALL="C.UTF-8",
            ANSIBLE_COLLECTIONS_PATH=str(fleet.directory / "collections"),
            ANSIBLE_PIPELINING="1",
            ANSIBLE_NOCOWS="1",
            ANSIBLE_DISPLAY_SKIPPED_HOSTS="0",
            ANSIBLE_SSH_RETRIES="0",
        )
        self.log = fleet.directory / "log"
        self.began = time.monotonic()
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
                start_new_session=True, cwd=fleet.directory,
            )
        self.peak = 0

    def wait(self, limit=None):
        """Returns the exit status, or None if it runs longer than the limit."""
        while self.process.poll() is None:
            self.peak = max(self.peak, memory_of(self.process.pid))
            if limit is not None and time.monotonic() - self.began > limit:
                return None
            time.sleep(0.2 if limit is not None else 1)
        self.seconds = time.monotonic() - self.began
        return self.process.returncode

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def text(self):
        return self.log.read_text()

    def report(self, words):
        print("%-28s %6.1f s, controller %4.0f MiB" % (words, self.seconds, self.peak / 2**20), flush=True)


def memory_of(group):
    """Returns the memory of the controller and its workers: each shared page once."""
    total = 0
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.getpgid(int(entry)) == group:
                with open("/proc/%s/cmdline" % entry, "rb") as file:
                    if b"ansible-playbook" not in file.read():
                        continue
                with open("/proc/%s/smaps_rollup" % entry) as file:
                    total += 1024 * int(re.search(r"^Pss: +(\d+)", file.read(), re.M)[1])
        except OSError:
            continue
    return total


def position(hosts):
    return max(2, int(hosts * FAILING_SHARE))


def reached(hosts, at):
    """Returns how many hosts the batches 1, 10, 25 % have reached when that one fails."""
    sizes = [1, 10]
    while sum(sizes) < at:
        sizes.append(max(1, hosts // 4))
    return min(hosts, sum(sizes))


def stopped(fleet, args):
    at = position(args.hosts)
    victim = fleet.names[at - 1]
    fleet.fail_at(victim)
    fleet.write_inventory()
    run = Run(fleet, "2")
    status = run.wait()
    run.report("stopped at host %d, undone" % at)
    check(status != 0, "the rollout has not stopped")
    fleet.check_all("1")
    check(re.search(victim + r" +1 +failed: ", run.text()), "the failing host is not named")
    for number, name in enumerate(fleet.names, 1):
        commands = [each["command"] for each in fleet.transactions(name) if each["result"] != "unchanged"]
        expected = ["stage", "deploy"]
        if number <= reached(args.hosts, at):
            expected.insert(0, "activate")
            if name != victim:
                expected.insert(0, "rollback")
        check(commands == expected, "%s: %s instead of %s" % (name, commands, expected))


def resumed(fleet, args):
    stopped(fleet, args)
    fleet.bad.unlink()
    run = Run(fleet, "2")
    check(run.wait() == 0, "not resumed")
    run.report("resumed")
    fleet.check_all("2")


def unreachable(fleet, args):
    lost = fleet.names[args.hosts // 2 :: max(5, args.hosts // 20)]
    fleet.lose(lost)
    fleet.write_inventory()
    run = Run(fleet, "2", {"rollout_max_fail_percentage": 40})
    status = run.wait()
    run.report("%d hosts were unreachable" % len(lost))
    check(status != 0, "unreachable hosts are a success")
    fleet.check_live({name: "1" if name in lost else "2" for name in fleet.names})
    for name in lost:
        check(re.search(name + r" +\? +UNREACHABLE", run.text()), name + " is not reported")
    fleet.away.unlink()
    fleet.configure(fleet.names[0], "")
    run = Run(fleet, "2", {"rollout_max_fail_percentage": 40})
    check(run.wait() == 0, "not settled")
    run.report("settled by the next run")
    fleet.check_all("2")


def killed(fleet, args):
    """Rolls 2 and 3 out in turn, so that each kill meets a whole rollout."""
    fleet.write_inventory()
    whole = Run(fleet, "2")
    check(whole.wait() == 0, "the first rollout has failed")
    whole.report("a whole rollout")
    dice = random.Random(args.seed)
    for number in range(args.kills):
        version = "32"[number % 2]
        run = Run(fleet, version)
        moment = dice.uniform(0, whole.seconds)
        ended = run.wait(moment) is not None
        if not ended:
            run.kill()
        before = list(fleet.live().values())
        check(set(before) <= {"2", "3"}, "a host serves %s" % set(before))
        again = Run(fleet, version)
        check(again.wait() == 0, "not resumed after %.1f s" % moment)
        again.report("killed after %.1f s, %d had it" % (moment, before.count(version)))
        fleet.check_all(version)


def print_end(log):
    """Prints the end of what Ansible said in its last run."""
    if os.path.exists(log):
        with open(log) as file:
            print("".join(file.readlines()[-100:]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=["stopped", "resumed", "unreachable", "killed"])
    parser.add_argument("--release", required=True)
    parser.add_argument("--collection", required=True)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print("%s: %d hosts, seed %d" % (args.scenario, args.hosts, args.seed), flush=True)
    with tempfile.TemporaryDirectory(prefix="release-rollout-test.") as directory:
        try:
            globals()[args.scenario](Fleet(directory, args), args)
        except SystemExit:
            print_end(directory + "/log")
            raise


main()

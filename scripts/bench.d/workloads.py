"""The archives that are measured: the same bytes in each run.

W1 is 40,000 small files, 250 MB; W2 is 12 files, 600 MB; W3 is 5,000 files,
60 MB. Each has a second version, in which 4 % of the content differs:
every 25th file of W1 and W3, one part in 25 of each file of W2. W1-one is W1
with 1 % that differs. W4 is shaped like a large node_modules: 40,000 files in
7,900 nested directories, most of them small and some of them large.
"""

import hashlib
import io
import math
import os
import random
import subprocess
import sys
import tarfile

CHANGED_ONE_IN = 25
BUILT = 1_700_000_000  # seconds since 1970, when the first version was built
DAY = 86_400


class Small:
    """Many files of text that zstd shrinks to a third."""

    def __init__(self, name, files, folders, mean_size, seed,
                 changed_one_in=CHANGED_ONE_IN):
        self.name, self.files, self.folders = name, files, folders
        self.mean_size, self.seed = mean_size, seed
        self.changed_one_in = changed_one_in

    def folder_names(self, _source):
        return [f"app/{folder:03d}" for folder in range(self.folders)]

    def size_of_next(self, source):
        return int(self.mean_size * source.uniform(0.1, 1.9))

    def contents(self, version=1):
        """Yields (path, bytes, whether it changed since the version before)."""
        source = random.Random(self.seed)
        words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz",
                                      k=source.randint(2, 12)))
                 for _ in range(5_000)]
        text = b" ".join(source.choices(words, k=400_000))
        folders = self.folder_names(source)
        for number in range(self.files):
            size = self.size_of_next(source)
            start = source.randrange(len(text) - size)
            changed = version > 1 and number % self.changed_one_in == 0
            if changed:
                start = (start + 1_000) % (len(text) - size)
            head = b"file %06d\n" % number
            # Folder by folder, as whatever walks a tree packs it.
            folder = folders[number * self.folders // self.files]
            yield (f"{folder}/{number:06d}.js",
                   head + text[start:start + size - len(head)], changed)


class Nested(Small):
    """Many files in a deep tree. The sizes are lognormal around 1.5 KB: half of
    the files are smaller, and a few are a thousand times as large."""

    MEDIAN, SPREAD, DEEPEST = 1_500, 1.75, 8

    def folder_names(self, source):
        names = ["app"]
        while len(names) < self.folders:
            parent = source.choice(names)
            if parent.count("/") < self.DEEPEST:
                names.append(f"{parent}/part-{len(names)}")
        return sorted(names, key=lambda name: name.split("/"))

    def size_of_next(self, source):
        size = source.lognormvariate(math.log(self.MEDIAN), self.SPREAD)
        return int(min(max(size, 20), 1_500_000))


class Big:
    """A few large files, half of them noise."""

    def __init__(self, name, files, size):
        self.name, self.files, self.size = name, files, size

    def contents(self, version=1):
        source = random.Random(21)
        other = random.Random(22)
        for number in range(self.files):
            noise = source.randbytes(1 << 20)
            text = noise.hex().encode()
            content = (noise + text) * (self.size // len(noise + text) + 1)
            content = content[:self.size]
            if version > 1:
                part = other.randbytes(self.size // CHANGED_ONE_IN)
                content = part + content[len(part):]
            yield f"big/{number:02d}.bin", content, version > 1


W1 = Small("w1", files=40_000, folders=400, mean_size=6_250, seed=20)
W1_ONE = Small("w1-one", files=40_000, folders=400, mean_size=6_250, seed=20,
               changed_one_in=100)
W2 = Big("w2", files=12, size=50_000_000)
W2_HALF = Big("w2-half", files=6, size=50_000_000)
W3 = Small("w3", files=5_000, folders=50, mean_size=12_000, seed=23)
W4 = Nested("w4", files=40_000, folders=7_900, mean_size=None, seed=25)
FEW = Small("few", files=3, folders=1, mean_size=1_000, seed=24)


class Packed:
    """An archive of one version, the SHA-256 list of its files, and what a
    whole tree of it must be like."""

    def __init__(self, place, workload, version=1):
        self.name = f"{workload.name}-{version}"
        self.archive = place / f"{self.name}.tar.zst"
        self.sums = place / f"{self.name}.sums"
        self.files = self.bytes = self.changed = self.changed_blocks = 0
        self.folders = set()
        self._write(workload.contents(version))

    def _write(self, contents):
        packer = subprocess.Popen(["zstd", "-q", "-T0", "-o", self.archive],
                                  stdin=subprocess.PIPE)
        with tarfile.open(fileobj=packer.stdin, mode="w|",
                          format=tarfile.GNU_FORMAT) as tar, \
                open(self.sums, "w", encoding="ascii") as sums:
            for path, content, changed in contents:
                self._add_folder(tar, os.path.dirname(path))
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o644
                entry.mtime = BUILT + (DAY if changed else 0)
                tar.addfile(entry, io.BytesIO(content))
                sums.write(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
                self.files += 1
                self.bytes += len(content)
                if changed:
                    self.changed += len(content)
                    self.changed_blocks += -(-len(content) // 4096) * 4096
        packer.stdin.close()
        if packer.wait() != 0:
            sys.exit("bench: zstd failed")

    def _add_folder(self, tar, folder):
        if folder in self.folders:
            return
        if "/" in folder:
            self._add_folder(tar, os.path.dirname(folder))
        self.folders.add(folder)
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, BUILT
        tar.addfile(entry)

    def check(self, tree):
        """Ends the bench where `tree` is not what was packed."""
        count = sum(len(files) for _, _, files in os.walk(tree))
        if count != self.files:
            sys.exit(f"bench: {tree} has {count} files, not {self.files}")
        done = subprocess.run(["sha256sum", "--quiet", "-c", self.sums],
                              cwd=tree, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: {tree} is not what was packed")

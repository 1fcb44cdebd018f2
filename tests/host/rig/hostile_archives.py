#!/usr/bin/python3
"""Makes archives that attack the program that unpacks them.

  hostile_archives.py make DIR CANARY   every attack, in every format it fits
  hostile_archives.py tools DIR         a table of what other tools do with them

CANARY is an absolute directory outside the target; an archive that writes to it
has escaped. DIR/index.json lists for each archive: file, attack, format, and
`accept`: whether unpacking it is also acceptable, because nothing in it leads
outside. The bytes are written by hand, because no library would write them.
"""
import binascii, bz2, gzip, json, lzma, os, pathlib, shutil, stat, struct
import subprocess, sys

FILE, DIR, LINK, HARD = "0", "5", "2", "1"
CHR, BLK, FIFO, SOCK = "3", "4", "6", "s"
TYPES = {FILE: 0o100000, DIR: 0o040000, LINK: 0o120000, HARD: 0o100000,
         CHR: 0o020000, BLK: 0o060000, FIFO: 0o010000, SOCK: 0o140000}


def entry(name, kind=FILE, target=b"", data=b"", mode=None):
    if mode is None:
        mode = 0o755 if kind == DIR else 0o644
    if kind == FILE and not data:
        data = b"evil\n"
    return {"name": name, "kind": kind, "target": target, "data": data,
            "mode": mode}


class DoesNotFit(Exception):
    pass


# -- tar

def tar_header(name, kind, size, mode, target=b"", magic=b"ustar\0" b"00"):
    block = bytearray(512)
    block[0:len(name[:100])] = name[:100]
    block[100:108] = b"%07o\0" % mode
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind.encode()
    block[157:157 + len(target[:100])] = target[:100]
    block[257:265] = magic
    if kind in (CHR, BLK):
        block[329:345] = b"0000001\0" b"0000003\0"
    return with_sum(block)


def with_sum(block):
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + b"\0" * (-len(data) % 512)


def pax_records(records):
    out = b""
    for key, value in records:
        body = b" " + key + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        out += str(length).encode() + body
    return out


def pax(records, kind="x"):
    data = pax_records(records)
    return tar_header(b"pax", kind, len(data), 0o644) + padded(data)


def long_gnu(kind, text):
    return tar_header(b"././@LongLink", kind, len(text) + 1, 0o644,
                      magic=b"ustar  \0") + padded(text + b"\0")


def tar_entry(e, form):
    name, kind, target = e["name"], e["kind"], e["target"]
    if kind == SOCK:
        raise DoesNotFit
    if form == "v7" and kind in (CHR, BLK, FIFO):
        raise DoesNotFit
    if kind == DIR and form == "v7":
        name += b"/"
    before = b""
    if form == "pax":
        if not name:
            raise DoesNotFit  # "as in the header"
        records = [(b"path", name)]
        if target:
            records.append((b"linkpath", target))
        before = pax(records)
        name, target = b"name", target and b"target"
    elif form == "gnu":
        before += long_gnu("L", name) if len(name) > 99 else b""
        before += long_gnu("K", target) if len(target) > 99 else b""
    elif len(name) > 99 or len(target) > 99:
        raise DoesNotFit
    magic = {"gnu": b"ustar  \0", "v7": b"\0" * 8}.get(form, b"ustar\0" b"00")
    size = len(e["data"]) if kind == FILE else 0
    body = padded(e["data"]) if kind == FILE else b""
    return before + tar_header(name, kind, size, e["mode"], target, magic) + body


def tar(entries, form):
    return b"".join(tar_entry(e, form) for e in entries) + b"\0" * 1024


# -- cpio

def cpio(entries, form):
    out, inodes = b"", {}
    for number, e in enumerate(entries, 1):
        inode, data, links = number, e["data"], 1
        if e["kind"] == LINK:
            data = e["target"]
        if e["kind"] == HARD:
            # A hard link can only refer to an earlier file.
            if e["target"] not in inodes:
                raise DoesNotFit
            inode, data, links = inodes[e["target"]], b"", 2
        if e["kind"] == FILE:
            inodes[e["name"]] = inode
        out += cpio_entry(form, e["name"], TYPES[e["kind"]] | e["mode"], inode,
                          links, data)
    return out + cpio_entry(form, b"TRAILER!!!", 0, 0, 1, b"")


def cpio_entry(form, name, mode, inode, links, data):
    if form == "odc":
        if len(name) + 1 >= 1 << 18:
            raise DoesNotFit
        return (b"070707" + b"%06o" % 1 + b"%06o%06o%06o%06o%06o%06o" % (
            inode, mode, 0, 0, links, 0x103) + b"%011o%06o%011o" % (
                0, len(name) + 1, len(data)) + name + b"\0" + data)
    head = b"070701" + b"".join(b"%08x" % n for n in (
        inode, mode, 0, 0, links, 0, len(data), 0, 1, 1, 3, len(name) + 1, 0))
    head += name + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


# -- zip

def zip_parts(entries):
    local, central = b"", b""
    for e in entries:
        if e["kind"] == HARD:
            raise DoesNotFit
        name = e["name"] + (b"/" if e["kind"] == DIR else b"")
        data = e["target"] if e["kind"] == LINK else e["data"]
        data = b"" if e["kind"] in (DIR, CHR, BLK, FIFO, SOCK) else data
        if len(name) > 65535:
            raise DoesNotFit
        flags = 0x800 if e.get("utf8", True) else 0
        common = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 33,
                             binascii.crc32(data), len(data), len(data),
                             len(name), len(e.get("extra", b"")))
        mode = TYPES[e["kind"]] | e["mode"]
        central += (b"PK\1\2" + struct.pack("<H", 0x031E) + common +
                    struct.pack("<HHHII", 0, 0, 0, mode << 16, len(local)) +
                    name + e.get("extra", b""))
        local += b"PK\3\4" + common + name + e.get("extra", b"") + data
    return local, central


def zip_end(local, central, count, size=None):
    return b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, count, count, len(central) if size is None else size,
        len(local), 0)


def zip_of(entries, _=None):
    local, central = zip_parts(entries)
    return local + central + zip_end(local, central, len(entries))


# -- 7z

def number(value):
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF | value >> (8 * extra)
            rest = value & ((1 << 8 * extra) - 1)
            return bytes([first]) + rest.to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def bits(flags):
    out = bytearray(-(-len(flags) // 8))
    for i, flag in enumerate(flags):
        if flag:
            out[i // 8] |= 0x80 >> i % 8
    return bytes(out)


def prop(kind, body):
    return bytes([kind]) + number(len(body)) + body


def seven_zip(entries, _=None, crc_off=0):
    streams, empty, empty_files, names, attributes = [], [], [], b"", b""
    for e in entries:
        if e["kind"] == HARD:
            raise DoesNotFit
        data = e["target"] if e["kind"] == LINK else e["data"]
        data = data if e["kind"] in (FILE, LINK) else b""
        empty.append(not data)
        if data:
            streams.append(data)
        else:
            empty_files.append(e["kind"] != DIR)
        try:
            names += e["name"].decode().encode("utf-16-le") + b"\0\0"
        except UnicodeDecodeError:
            raise DoesNotFit from None
        mode = TYPES[e["kind"]] | e["mode"]
        attributes += struct.pack("<I", mode << 16 | 0x8000 |
                                  (0x10 if e["kind"] == DIR else 0))
    header = b"\1"
    if streams:
        header += b"\4\6\0" + number(len(streams)) + b"\x09"
        header += b"".join(number(len(s)) for s in streams) + b"\0"
        header += b"\7\x0b" + number(len(streams)) + b"\0"
        header += b"\1\1\0" * len(streams) + b"\x0c"
        header += b"".join(number(len(s)) for s in streams) + b"\0"
        header += b"\x08\x0a\1" + b"".join(
            struct.pack("<I", binascii.crc32(s) ^ crc_off) for s in streams)
        header += b"\0\0"
    header += b"\5" + number(len(entries))
    if any(empty):
        header += prop(0x0E, bits(empty))
        header += prop(0x0F, bits(empty_files))
    header += prop(0x11, b"\0" + names) + prop(0x15, b"\1\0" + attributes)
    header += b"\0\0"
    body = b"".join(streams)
    start = struct.pack("<QQI", len(body), len(header), binascii.crc32(header))
    return (b"7z\xbc\xaf\x27\x1c\0\4" +
            struct.pack("<I", binascii.crc32(start)) + start + body + header)


# -- compression

def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


PACKERS = {"": lambda data: data,
           ".gz": lambda data: gzip.compress(data, mtime=0),
           ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}

FORMATS = {form: (lambda entries, form=form: tar(entries, form))
           for form in ("ustar", "pax", "gnu", "v7")}
FORMATS |= {"newc": lambda entries: cpio(entries, "newc"),
            "odc": lambda entries: cpio(entries, "odc"),
            "zip": zip_of, "7z": seven_zip}


# -- archives with hostile entries

def attacks(canary):
    out = canary.encode()
    up = b"../" * 12
    deep = b"/".join([b"d"] * 200)
    name255 = b"n" * 256
    return {
        "absolute path": [entry(out + b"/made")],
        "absolute path over a file": [entry(out + b"/kept")],
        "path upwards": [entry(b"../made")],
        "path upwards after a name": [entry(b"a/../../made")],
        "path upwards far": [entry(up + out[1:] + b"/made")],
        "path is ..": [entry(b"..", DIR)],
        "inner ..": [entry(b"a/../b")],
        "absolute link": [entry(b"l", LINK, out)],
        "link upwards": [entry(b"l", LINK, up + out[1:])],
        "link out by one": [entry(b"a/l", LINK, b"../../x")],
        "link upwards after a name": [entry(b"l", LINK, b"a/../../../x")],
        "file through a link": [entry(b"l", LINK, out), entry(b"l/made")],
        "file through an inner link": [
            entry(b"d", DIR), entry(b"l", LINK, b"d"), entry(b"l/made")],
        "file through two links": [
            entry(b"a", LINK, b"."), entry(b"a/b", LINK, b".."),
            entry(b"a/b/made")],
        "directory through a link": [
            entry(b"l", LINK, out), entry(b"l/made", DIR)],
        "file over a link": [
            entry(b"l", LINK, out + b"/kept"), entry(b"l")],
        "link over a file": [entry(b"l"), entry(b"l", LINK, out)],
        "link over a directory": [
            entry(b"d", DIR), entry(b"d", LINK, out), entry(b"d/made")],
        "mode through a link": [
            entry(b"l", LINK, out), entry(b"l", DIR, mode=0o777)],
        "same file twice": [entry(b"f"), entry(b"f", data=b"other\n")],
        "same file by two spellings": [entry(b"a/f"), entry(b"./a//f")],
        "file below a file": [entry(b"f"), entry(b"f/g")],
        "directory over a file": [entry(b"f"), entry(b"f", DIR)],
        "hard link outside": [entry(b"h", HARD, out + b"/kept")],
        "hard link outside, written to": [
            entry(b"h", HARD, out + b"/kept"), entry(b"h")],
        "hard link upwards": [entry(b"h", HARD, up + out[1:] + b"/kept")],
        "hard link to a link": [
            entry(b"l", LINK, out + b"/kept"), entry(b"h", HARD, b"l")],
        "hard link to nothing": [entry(b"h", HARD, b"none")],
        "hard link to itself": [entry(b"h", HARD, b"h")],
        "hard link to a directory": [
            entry(b"d", DIR), entry(b"h", HARD, b"d")],
        "character device": [entry(b"null", CHR)],
        "block device": [entry(b"disk", BLK)],
        "fifo": [entry(b"pipe", FIFO)],
        "socket": [entry(b"socket", SOCK)],
        "escape in a name": [entry(b"a\x1b]0;owned\x07b")],
        "line break in a name": [entry(b"a\nb")],
        "C1 control in a name": [entry(b"a\xc2\x9bb")],
        "name is not UTF-8": [entry(b"caf\xe9")],
        "name of 256 bytes": [entry(name255)],
        "path of 5,000 bytes": [entry(b"/".join([b"n" * 250] * 20))],
        "200 levels deep": [entry(deep)],
        "escape in a link's target": [entry(b"l", LINK, b"a\x1b[2Jb")],
        "empty name": [entry(b"")],
        "file called .": [entry(b".")],
    }


# None of these leads outside; the test checks the unpacked tree instead.
def harmless():
    return {
        "setuid and world-writable": [
            entry(b"s", mode=0o6777), entry(b"d", DIR, mode=0o3777)],
        "backslashes": [entry(b"..\\..\\made"), entry(b"C:\\made")],
        "names that look like options": [entry(b"-rf"), entry(b"--help")],
        "names of the tool's own": [
            entry(b".release/lock"), entry(b"current"),
            entry(b"releases/1.0/name")],
        "hard link to an inner link": [
            entry(b"f"), entry(b"l", LINK, b"f"), entry(b"h", HARD, b"l")],
    }


# -- archives that are damaged or malformed

def broken():
    good = tar([entry(b"f"), entry(b"g")], "ustar")
    one = tar_entry(entry(b"f"), "ustar")
    end = b"\0" * 1024

    def changed(data, at, byte):
        return data[:at] + bytes([data[at] ^ byte]) + data[at + 1:]

    def sized(size, data=b"x"):
        return tar_header(b"f", FILE, size, 0o644) + padded(data) + end

    yield "header checksum wrong", "tar", changed(good, 3, 1)
    yield "size larger than the archive", "tar", sized(1 << 20)
    yield "size near 2^63", "tar", sized(b"\x80" + b"\0" * 3 + b"\x7f" +
                                         b"\xff" * 7)
    yield "size negative", "tar", sized(b"\xff" * 12)
    yield "size is no number", "tar", sized(b"12345junk\0\0\0")
    yield "no end of archive", "tar", one
    yield "half an end of archive", "tar", one + b"\0" * 512
    yield "cut in an entry", "tar", one[:700]
    yield "second archive behind the end", "tar", good + good
    yield "junk behind the end", "tar", good + b"junk" * 300
    yield "unknown type of entry", "tar", tar_header(
        b"f", "Z", 0, 0o644) + end
    yield "continued from another volume", "tar", tar_header(
        b"f", "M", 0, 0o644, magic=b"ustar  \0") + end
    yield "extended path for all", "tar", pax(
        [(b"path", b"../made")], "g") + one + end
    yield "extended length wrong", "tar", tar_header(
        b"p", "x", 30, 0o644) + padded(b"99999 path=../made\n") + one + end
    yield "extended path with a NUL", "tar", pax(
        [(b"path", b"a\0/../../made")]) + one + end
    yield "extended path empty", "tar", pax([(b"path", b"")]) + tar_entry(
        entry(b""), "ustar") + end
    yield "extended size wrong", "tar", pax(
        [(b"size", b"999999999")]) + one + end
    yield "long name twice", "tar", long_gnu("L", b"a") + long_gnu(
        "L", b"../made") + tar_entry(entry(b"f"), "gnu") + end
    yield "long name of 2 GiB", "tar", tar_header(
        b"././@LongLink", "L", 1 << 31, 0o644, magic=b"ustar  \0") + end
    sparse = pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                  (b"GNU.sparse.name", b"../made"),
                  (b"GNU.sparse.realsize", b"10")])
    yield "sparse with another name", "tar", sparse + tar_header(
        b"f", FILE, 512, 0o644) + padded(b"1\n0\n0\n") + end
    overlap = pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                   (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"99")])
    yield "sparse parts overlap", "tar", overlap + tar_header(
        b"f", FILE, 532, 0o644) + padded(b"2\n0\n10\n5\n10\n") + padded(
            b"x" * 20) + end

    new = cpio([entry(b"f")], "newc")
    yield "no trailer", "newc", new[:new.index(b"TRAILER") - 110]
    yield "name length 0", "newc", new[:94] + b"%08x" % 0 + new[102:]
    yield "size larger than the archive", "newc", new[:54] + b"%08x" % (
        1 << 20) + new[62:]
    yield "junk behind the end", "newc", new + b"junk" * 300
    yield "number is no number", "newc", new[:54] + b"zzzzzzzz" + new[62:]
    crc = new.replace(b"070701", b"070702", 1)
    yield "checksum wrong", "crc", crc[:102] + b"%08x" % 77 + crc[110:]

    zipped = zip_of([entry(b"f"), entry(b"g")])
    local, central = zip_parts([entry(b"f"), entry(b"g")])
    yield "lists disagree on a name", "zip", zipped.replace(b"f", b"q", 1)
    yield "lists disagree on a size", "zip", changed(zipped, 22, 1)
    yield "checksum wrong", "zip", changed(zipped, 31, 1)
    only, listed = zip_parts([entry(b"f")])
    hidden = zip_parts([entry(b"../made")])[0]
    yield "an entry that is not listed", "zip", (
        only + hidden + listed + zip_end(only + hidden, listed, 1))
    yield "an entry listed twice", "zip", (
        only + listed * 2 + zip_end(only, listed * 2, 2))
    yield "fewer entries than it says", "zip", (
        only + listed + zip_end(only, listed, 2))
    yield "end record elsewhere", "zip", (
        local + central + zip_end(local + b"x", central, 2))
    yield "junk before the end", "zip", (
        local + central + b"junk" + zip_end(local, central, 2))
    yield "junk behind the end", "zip", zipped + b"junk" * 300
    yield "no list of entries", "zip", local
    unicode = struct.pack("<HHBI", 0x7075, 5 + 7, 1, binascii.crc32(b"f"))
    yield "another name in an extra field", "zip", zip_of(
        [entry(b"f") | {"extra": unicode + b"../made", "utf8": False}])
    yield "encrypted", "zip", changed(changed(zipped, 6, 1), len(local) + 8, 1)
    yield "unknown method", "zip", changed(
        changed(zipped, 8, 99), len(local) + 10, 99)

    seven = seven_zip([entry(b"f")])
    yield "checksum wrong", "7z", seven_zip([entry(b"f")], crc_off=1)
    yield "list damaged", "7z", changed(seven, len(seven) - 8, 1)
    yield "cut", "7z", seven[:-5]
    yield "junk behind the end", "7z", seven + b"junk" * 300

    for suffix, pack in PACKERS.items():
        if not suffix:
            continue
        packed = pack(good)
        form = "tar" + suffix
        yield "stream cut", form, packed[:len(packed) // 2]
        yield "stream cut by a byte", form, packed[:-1]
        yield "junk behind the stream", form, packed + b"junk" * 300
        yield "two layers of compression", form, pack(packed)
        yield "stream of an archive cut", form, pack(one[:-100])
        yield "stream without end blocks", form, pack(one)
        yield "stream of junk behind the end", form, pack(good + b"junk" * 300)
        if suffix != ".zst":
            yield "stream checksum wrong", form, changed(
                packed, -(8 if suffix == ".gz" else 24), 1)
    packed = gzip.compress(good, mtime=0)
    yield "stream length wrong", "tar.gz", changed(packed, len(packed) - 4, 1)
    yield "manifest is none", "tar", tar_entry(
        entry(b".release-manifest"), "ustar") + one + end
    yield "manifest is of another tree", "tar", tar_entry(
        entry(b".release-manifest", data=b"release-manifest 1\nend 0 0\n"),
        "ustar") + one + end
    yield "only a program", "other", b"\x7fELF" + b"\0" * 2000
    yield "lzop, which would run a program", "other", (
        b"\x89LZO\0\r\n\x1a\n" + b"\0" * 500)
    yield "rar", "other", b"Rar!\x1a\x07\0" + b"\0" * 500
    yield "iso", "other", b"\0" * 32769 + b"CD001\1" + b"\0" * 4000
    yield "mtree", "other", b"#mtree\n./made type=link link=/tmp\n" * 20


# The command reads these as something harmless; other tools may differ.
READ_OTHERWISE = {
    ("fifo", "zip"),  # read as a file
    ("unknown type of entry", "tar"),  # read as a file, as POSIX requires
    ("extended path for all", "tar"),  # ignored
    ("extended path with a NUL", "tar"),  # read up to the NUL
    # The end of the stream proves that nothing is missing.
    *(("stream without end blocks", "tar" + suffix) for suffix in PACKERS),
}


def make(directory, canary):
    index = []

    def keep(attack, form, data, accept):
        name = "%03d.%s" % (len(index), form)
        (directory / name).write_bytes(data)
        accept = accept or (attack, form) in READ_OTHERWISE
        index.append({"file": name, "attack": attack, "format": form,
                      "accept": accept})

    # Compression does not change the entries, so one tar format is packed with
    # each compressor, to show that the checks apply behind all of them.
    for group, accept in ((attacks(canary), False), (harmless(), True)):
        for attack, entries in group.items():
            for form, build in FORMATS.items():
                try:
                    data = build(entries)
                except DoesNotFit:
                    continue
                packers = PACKERS if form == "gnu" else [""]
                for suffix in packers:
                    keep(attack, form + suffix, PACKERS[suffix](data), accept)
    for attack, form, data in broken():
        keep(attack, form, data, False)
    (directory / "index.json").write_text(json.dumps(index))


# -- the behaviour of other tools

TOOLS = {
    "bsdtar": (["bsdtar", "-xf"], ("tar", "cpio", "zip", "7z")),
    "GNU tar": (["tar", "-xf"], ("tar",)),
    "unzip": (["unzip", "-qqo"], ("zip",)),
    "tarfile": ([sys.executable, "-c", "import sys, tarfile; "
                 "tarfile.open(sys.argv[1]).extractall('.')"], ("tar",)),
    "tarfile, filter='data'": ([
        sys.executable, "-c", "import sys, tarfile; "
        "tarfile.open(sys.argv[1]).extractall('.', filter='data')"], ("tar",)),
}


def family(form):
    if form in ("zip", "7z"):
        return form
    return "cpio" if form in ("newc", "odc", "crc") else "tar"


def leads_outside(tree):
    # By descriptor, because some paths are longer than PATH_MAX.
    for above, folders, files, fd in os.fwalk(tree):
        for name in folders + files:
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                target = os.readlink(name, dir_fd=fd)
                path = os.path.normpath(os.path.join(above, target))
                if not path.startswith(str(tree)):
                    return True
            elif not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                return True
    return False


def judge(argv, archive, work):
    """Returns "outside" if the tool wrote outside the tree, "way out" if it
    left a link or a device that leads there, "unpacked" if it exited with 0 and
    did neither, and "refused" otherwise."""
    canary, tree = work / "canary", work / "a/b/tree"
    for old in (canary, work / "a"):
        shutil.rmtree(old, ignore_errors=True)
    canary.mkdir(mode=0o755)
    (canary / "kept").write_text("kept\n")
    tree.mkdir(parents=True)
    try:
        exit = subprocess.run(argv + [str(archive)], cwd=tree, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True
                              ).returncode
    except subprocess.TimeoutExpired:
        exit = -1
    if (os.listdir(canary) != ["kept"] or
            (canary / "kept").read_text() != "kept\n" or
            (canary / "kept").stat().st_nlink != 1 or
            stat.S_IMODE(canary.stat().st_mode) != 0o755 or
            os.listdir(work / "a") != ["b"] or
            os.listdir(work / "a/b") != ["tree"]):
        return "outside"
    if leads_outside(tree):
        return "way out"
    return "refused" if exit else "unpacked"


def tools(directory):
    work = directory / "tools"
    made = work / "made"
    made.mkdir(parents=True)
    make(made, str(work / "canary"))
    words = ("outside", "way out", "unpacked", "refused")
    print("| tool | archives |", " | ".join(words), "|")
    print("|---|---|---|---|---|---|")
    for name, (argv, families) in TOOLS.items():
        counts = dict.fromkeys(words, 0)
        for item in json.loads((made / "index.json").read_text()):
            if item["accept"] or family(item["format"]) not in families:
                continue
            counts[judge(argv, made / item["file"], work)] += 1
        print("|", name, "|", sum(counts.values()), "|",
              " | ".join(str(n) for n in counts.values()), "|", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] == "tools":
        tools(pathlib.Path(sys.argv[2]))
    else:
        sys.exit(__doc__)

#!/usr/bin/python3
"""Writes archives that are small or simple but expensive to read.

  bombs.py KIND FILE [COUNT]    COUNT scales the kinds below that mention it

quine        a gzip file that unpacks to itself
sparse       a tar with one file of COUNT empty holes
manifest     a tar whose manifest has COUNT lines
lines        the same with the shortest lines
thin         a tar whose thin manifest has COUNT lines
junk         a tar whose manifest is COUNT blanks
zip          a zip of COUNT empty files
shared       a cpio of COUNT files whose link counts claim further names
list         a 7z of COUNT empty files, with a compressed header
"""
import binascii, io, lzma, struct, sys

import hostile_archives as archives

EMPTY = b"\0" * 1024


# -- a gzip file that unpacks to itself
#
# deflate serves as a language with two instructions of five bytes each: emit
# the bytes that follow (a stored block), and repeat the last bytes emitted (a
# block of copies). A program in this language that emits itself is described in
# Russ Cox's "Zip Files All The Way Down".

def stored(count):
    return struct.pack("<BHH", 0, count, count ^ 0xFFFF)


class Bits:
    def __init__(self):
        self.value, self.count = 0, 0

    def number(self, value, count):
        self.value |= value << self.count
        self.count += count

    def code(self, value, count):
        for i in reversed(range(count)):
            self.number(value >> i & 1, 1)

    def bytes(self):
        return self.value.to_bytes(-(-self.count // 8), "little")


def again(count, lengths, last=False):
    """Encodes a repetition of the last `count` bytes, as copies of 3 to 10."""
    assert sum(lengths) == count and max(lengths) <= 10
    bits = Bits()
    bits.number(int(last), 1)
    bits.number(1, 2)
    for length in lengths:
        bits.code(length - 2, 7)
        if count >= 17:
            bits.code(8, 5), bits.number(count - 17, 3)
        else:
            bits.code(7, 5), bits.number(count - 13, 2)
    bits.code(0, 7)
    return bits.bytes()


def quine_with(stamp, checksum):
    begin = b"\x1f\x8b\x08\x08" + struct.pack("<I", stamp) + b"\0\x03q.gz\0"
    repeat, five, twenty, nothing = (again(20, (10, 10)), stored(5), stored(20),
                                     stored(0))
    program = (begin + twenty + begin + twenty + repeat + five + repeat + five +
               five + twenty + repeat + five + five + twenty + repeat +
               twenty + (repeat + twenty) * 2 + repeat +
               twenty + repeat + nothing * 2 + stored(13) +
               repeat + nothing * 2 + stored(13))
    end = again(13, (10, 3), last=True)
    end += struct.pack("<II", checksum, len(program) + 26)
    return program + end + end


def solve(columns, wanted):
    """Returns which of the 32-bit columns have the xor `wanted`."""
    basis = {}  # highest bit: (value, which columns)
    for i, value in enumerate(columns):
        chosen = 1 << i
        while value and value.bit_length() in basis:
            other = basis[value.bit_length()]
            value, chosen = value ^ other[0], chosen ^ other[1]
        if value:
            basis[value.bit_length()] = (value, chosen)
    solution = 0
    while wanted:
        if wanted.bit_length() not in basis:
            return None
        value, chosen = basis[wanted.bit_length()]
        wanted, solution = wanted ^ value, solution ^ chosen
    return solution


def quine(_):
    # The file contains its own CRC. A CRC is an affine function of the bits of
    # the file, so the right value is the solution of linear equations.
    for stamp in range(1000):
        zero = binascii.crc32(quine_with(stamp, 0))
        columns = [binascii.crc32(quine_with(stamp, 1 << i)) ^ zero ^ 1 << i
                   for i in range(32)]
        checksum = solve(columns, zero)
        if checksum is not None:
            return quine_with(stamp, checksum)
    sys.exit("no quine found")


# -- archives of many items

def sparse(count):
    holes = b"%d\n" % count + b"0\n0\n" * count
    holes += b"\0" * (-len(holes) % 512)
    return archives.pax([
        (b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
        (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"0")
    ]) + archives.tar_header(b"f", "0", len(holes), 0o644) + holes + EMPTY


def with_manifest(text):
    return archives.tar_header(b".release-manifest", "0", len(text), 0o644
                               ) + archives.padded(text) + EMPTY


def manifest(count):
    line = b"f 0644 0 " + b"0" * 32 + b" %07d\n"
    return with_manifest(b"release-manifest 1\n" +
                         b"".join(line % i for i in range(count)))


def lines(count):
    return with_manifest(b"release-manifest 2\n" + b"l a -> b\n" * count)


def thin(count):
    digest = b"0" * 64
    return with_manifest(b"release-thin-manifest 1\nbase " + digest +
                         b"\nwhole " + digest + b"\n" + b"drop 0 1\n" * count)


def junk(count):
    return with_manifest(b" " * count)


def zip_flood(count):
    local, central = io.BytesIO(), io.BytesIO()
    common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, 0, 0, 8, 0)
    rest = struct.pack("<HHHI", 0, 0, 0, 0o100644 << 16)
    for i in range(count):
        name = b"f%07d" % i
        central.write(b"PK\1\2\x1e\3" + common + rest +
                      struct.pack("<I", local.tell()) + name)
        local.write(b"PK\3\4" + common + name)
    size, offset = central.tell(), local.tell()
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count,
                                     count, size, offset)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, offset + size, 1)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF,
                                  0xFFFFFFFF, 0)
    return local.getvalue() + central.getvalue() + record + locator + end


def shared(count):
    files = (archives.cpio_entry("newc", b"f%07d" % i, 0o100644, i + 1, 2, b"")
             for i in range(count))
    return b"".join(files) + archives.cpio_entry("newc", b"TRAILER!!!", 0, 0, 1,
                                                 b"")


def seven_list(count):
    number = archives.number
    header = b"\1\5" + number(count) + archives.prop(
        0x0E, b"\xff" * -(-count // 8)) + archives.prop(
            0x11, b"\0" + b"a\0\0\0" * count) + b"\0\0"
    body = lzma.compress(header, format=lzma.FORMAT_RAW, filters=[
        {"id": lzma.FILTER_LZMA1, "preset": 0, "dict_size": 1 << 16}])
    coder = b"\x23\3\1\1\5\x5d" + struct.pack("<I", 1 << 16)
    packed = (b"\x17\6\0\1\x09" + number(len(body)) + b"\0" +
              b"\7\x0b\1\0\1" + coder + b"\x0c" + number(len(header)) +
              b"\0\0")
    start = struct.pack("<QQI", len(body), len(packed), binascii.crc32(packed))
    return (b"7z\xbc\xaf\x27\x1c\0\4" +
            struct.pack("<I", binascii.crc32(start)) + start + body + packed)


KINDS = {"quine": quine, "sparse": sparse, "manifest": manifest, "lines": lines,
         "thin": thin, "junk": junk, "zip": zip_flood, "shared": shared,
         "list": seven_list}

if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    with open(sys.argv[2], "wb") as out:
        out.write(KINDS[sys.argv[1]](int((sys.argv + ["0"])[3])))

"""Compares numbers and names that the documents state with the code."""
import re

from cpp import blank, sources, text_line


def virtual_classes(root):
    names = set()
    for path in sources(root, "src"):
        text = blank(path.read_text())
        heads = [(match.start(), match.group(1)) for match in
                 re.finditer(r"\b(?:class|struct)\s+(\w+)[^;{}]*\{", text)]
        for match in re.finditer(r"\bvirtual\b", text):
            before = [name for at, name in heads if at < match.start()]
            if before:
                names.add(before[-1])
    return names


def catching_files(root):
    return [path for path in sources(root, "src")
            if re.search(r"\bcatch\s*\(", blank(path.read_text()))]


def check_architecture(root):
    path = root / "docs/architecture.md"
    if not path.exists():
        return
    text = path.read_text()

    def claim(pattern, actual):
        """`pattern` must occur, and its first group say `actual`."""
        match = re.search(pattern, text, re.S)
        if not match:
            yield path, 1, "claim", f"says nothing like {pattern}"
        elif read(match.group(1)) != actual:
            yield (path, text_line(text, match.start()), "claim",
                   f"{match.group(1)!r} is not {actual}")

    def read(words):
        names = re.findall(r"`(\w+)`", words)
        return set(names) if names else int(words)

    yield from claim(r"Virtual classes: ([^.]*)\.", virtual_classes(root))
    yield from claim(r"`catch` occurs in (\d+) files",
                     len(catching_files(root)))
    match = re.search(r"A new command touches (\d+) files: ([^.]*(?:\.\w[^.]*)*)\.",
                      text)
    if not match:
        yield path, 1, "claim", "does not say which files a new command touches"
    elif len(re.findall(r"`[^`]+`", match.group(2))) != int(match.group(1)):
        yield (path, text_line(text, match.start()), "claim",
               f"names other than {match.group(1)} files")
    for match in re.finditer(r"`((?:src|tests|scripts|docs)/[\w./-]+|"
                             r"[a-z]+/\w+\.(?:cc|h))`", text):
        name = match.group(1)
        if not any((root / top / name).exists() for top in ("", "src")):
            yield (path, text_line(text, match.start()), "claim",
                   f"{name} does not exist")


def check_behaviours(root):
    """Every file and every test that docs/behaviours.md names must exist."""
    path = root / "docs/behaviours.md"
    if not path.exists():
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cells = line.split(" | ")
        if len(cells) != 2 or not line.startswith("|"):
            continue
        # `file`: a name; another name, `file`: ...
        for match in re.finditer(r"`([a-z]+/\w+_test\.cc)`([^`]*)", cells[1]):
            file = root / "tests" / match.group(1)
            if not file.exists():
                yield (path, number, "behaviour",
                       f"tests/{match.group(1)} does not exist")
                continue
            if match.group(2).startswith(": "):
                for name in missing_names(file, match.group(2)[2:]):
                    yield (path, number, "behaviour",
                           f'tests/{match.group(1)} has no test "{name}"')


def missing_names(file, names):
    """The parts of `names` that the literals of `file` do not contain. Parts are
    separated by "; "; a part that is several names has ", " between them."""
    text = re.sub(r'"\s*\n?\s*"', "", file.read_text())
    for part in names.replace(" |", "").strip().rstrip(";,").split("; "):
        part = re.split(r", with |, over |, also ", part.strip())[0]
        if part and part not in text and not all(
                name.strip() in text for name in re.split(r", | and ", part)):
            yield part

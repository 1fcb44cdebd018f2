"""Counts headless sentences: a comment sentence that begins with one of the words
below hides its subject, and the reader must decode it."""
import re

HEADLESS = re.compile(
    r"(?:What|Whoever|Who|(?:To )?[Ww]hom|Whose|Where|Of|That|Those|One|Some|So"
    r"|Nothing|Nobody|None|Such)\b")
# Shorter ones are labels.
MIN_LETTERS = 13
MAX_PERCENT = 2

SLASHES = re.compile(r"^[ \t]*//+<?[ \t]?(.*)$")
HASHES = re.compile(r"^[ \t]*#(?!!|include|define|if|endif|else|pragma|undef)"
                    r"[ \t]?(.*)$")


def comment_blocks(text, marker):
    """Yields (first line, text) of each run of lines that are only comment."""
    first, words = 0, []
    for number, line in enumerate(text.splitlines() + [""], 1):
        match = marker.match(line)
        if match and match.group(1).strip():
            first = first or number
            words.append(match.group(1).strip())
        elif words:
            yield first, "\n".join(words)
            first, words = 0, []


def docstrings(text):
    for match in re.finditer(r'"""(.*?)"""', text, re.S):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def sentences(path):
    """Yields (line, sentence) of each comment sentence worth counting."""
    text = path.read_text(errors="replace")
    in_c = path.suffix in (".cc", ".h", ".c")
    blocks = list(comment_blocks(text, SLASHES if in_c else HASHES))
    if not in_c and ("python3" in text[:40] or path.suffix == ".py"):
        blocks += docstrings(text)
    for first, block in blocks:
        start = 0
        for end in re.finditer(r"[.?!](?=\s|$)|$", block):
            sentence = block[start:end.end()]
            line = first + block.count(
                "\n", 0, start + len(sentence) - len(sentence.lstrip()))
            start = end.end()
            if len(sentence.strip()) >= MIN_LETTERS:
                yield line, " ".join(sentence.split())


def check_language(root):
    for folder in ("src", "tests", "scripts"):
        files = [path for path in sorted((root / folder).rglob("*"))
                 if path.is_file() and "seeds" not in path.parts and
                 (folder == "scripts" or path.suffix in (".cc", ".h"))]
        count, headless = 0, []
        for path in files:
            for line, sentence in sentences(path):
                count += 1
                if HEADLESS.match(sentence):
                    headless.append((path, line, sentence))
        if len(headless) * 100 > count * MAX_PERCENT:
            share = 100 * len(headless) / count
            for path, line, sentence in headless:
                yield (path, line, "headless", f"\"{sentence[:40]}\" "
                       f"({share:.1f} % in {folder}/, {MAX_PERCENT} allowed)")

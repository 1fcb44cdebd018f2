"""Reads C++ as far as the checks need it: comments, functions, classes."""
import re


def blank(text):
    """The text without what is in comments and literals; lines stay in place."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"'
        r'|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.S)

    def replacement(match):
        return "\n" * match.group(0).count("\n")

    return token.sub(replacement, text)


def sources(root, folder):
    top = root / folder
    return sorted(p for p in top.rglob("*") if p.suffix in (".cc", ".h"))


def text_line(text, offset):
    return text.count("\n", 0, offset) + 1


def classes(text):
    """Yields (name, first line, last line) of each class and struct. `text` is
    blanked."""
    for match in re.finditer(
            r"\b(?:class|struct)\s+([\w:]+)(?:\s+final)?\s*(?::[^{};]*)?\{",
            text):
        depth = 0
        for brace in re.finditer(r"[{}]", text[match.end() - 1:]):
            depth += 1 if brace.group(0) == "{" else -1
            if depth == 0:
                end = match.end() - 1 + brace.start()
                yield (match.group(1), text_line(text, match.start()),
                       text_line(text, end))
                break


def functions(text):
    """Yields (name, first line, last line) of each function that is defined at
    namespace or class scope, signature included. `text` is blanked."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank_lines, text,
                  flags=re.M)
    open_scopes = 0       # namespaces and classes around the position
    body = None           # (name, first line, whether its head goes on after it)
    depth = 0             # of the braces inside the body
    head = 0              # where the text before the next brace begins
    for match in re.finditer(r"[{};]", text):
        at, sign = match.start(), match.group(0)
        if body is not None:
            depth += {"{": 1, "}": -1, ";": 0}[sign]
            if depth == 0:
                name, first, goes_on = body
                if name:
                    yield name, first, text_line(text, at)
                if not goes_on:
                    head = at + 1
                body = None
            continue
        if sign == "{":
            before = text[head:at]
            if is_scope(before):
                open_scopes += 1
            else:
                first = head + len(before) - len(before.lstrip())
                in_initializers = bool(
                    re.search(r"\)\s*(noexcept)?\s*:[^:].*[\w>]\s*$", before,
                              re.S))
                name = None if in_initializers else function_name(before)
                body = (name, text_line(text, first), in_initializers)
                depth = 1
                continue
        elif sign == "}":
            open_scopes -= 1
        head = at + 1
    if open_scopes != 0 or body is not None:
        raise ValueError("the braces do not match")


def blank_lines(match):
    return "\n" * match.group(0).count("\n")


def is_scope(before):
    return bool(re.search(
        r"\b(namespace|class|struct|union|enum)\b[^()=]*$|\bextern\s*$"
        r"|\bTEST_SUITE\s*\(", before))


def function_name(before):
    """The name in front of the first parenthesis; nothing where the braces hold
    an initializer."""
    before = re.sub(r"\b(public|private|protected)\s*:", "", before)
    if re.search(r"(?<!operator)(?<!=)=\s*$", before):
        return None
    match = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", before)
    return match.group(1) if match else None

"""Prints the results as a table for docs/performance.md."""

import os
import statistics

from measure import median, note, ratios

BEGIN = "<!-- measured: scripts/bench --write -->"
END = "<!-- end of what was measured -->"


class Row:
    """One line. `value` of `limit` is what must not be exceeded, in `unit`;
    without a limit it is only told."""

    def __init__(self, what, against, value, limit=None, unit="", details=""):
        self.what, self.against = what, against
        self.value, self.limit, self.unit = value, limit, unit
        self.details = details

    @property
    def passed(self):
        return self.limit is None or self.value <= self.limit

    def markdown(self):
        digits = ".2f" if not self.unit else ".1f"
        unit = f" {self.unit}" if self.unit else ""
        limit = "" if self.limit is None else f"≤ {self.limit:{digits}}{unit}"
        verdict = "" if self.limit is None else \
            "pass" if self.passed else "**fail**"
        return (f"| {self.what} | {self.against} | "
                f"{self.value:{digits}}{unit} | {limit} | {verdict} | "
                f"{self.details} |")


def milliseconds(seconds):
    return f"{seconds * 1000:,.{1 if seconds < 0.1 else 0}f} ms"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, *rows):
        for row in rows:
            self.rows.append(row)
            note(row.markdown())

    def compare(self, what, against, rounds, one, other, limit=None,
                cpu_limit=None):
        """Rows for the medians of the ratios of wall and CPU times, each ratio
        taken within one round."""
        wall = ratios(rounds, one, other, 0)
        cpu = statistics.median(ratios(rounds, one, other, 1))
        details = (f"{min(wall):.2f}..{max(wall):.2f}, n = {len(wall)}; "
                   f"{milliseconds(median(rounds, one))} of "
                   f"{milliseconds(median(rounds, other))}")
        if cpu_limit is None:
            details += f"; CPU {cpu:.2f}"
        self.add(Row(what, against, statistics.median(wall), limit,
                     details=details))
        if cpu_limit is not None:
            self.add(Row(f"{what}: CPU", against, cpu, cpu_limit,
                         details=f"{milliseconds(median(rounds, one, 1))} of "
                                 f"{milliseconds(median(rounds, other, 1))}"))

    def bars(self):
        """(what, against, ratio, limit) of those that are ratios."""
        return [(row.what, row.against, row.value, row.limit)
                for row in self.rows if not row.unit]

    def failed(self):
        return [row for row in self.rows if not row.passed]

    def markdown(self, facts):
        count = sum(row.limit is not None for row in self.rows)
        kept = count - len(self.failed())
        return "\n".join([
            BEGIN, "", *facts, "",
            f"{kept} of {count} limits are kept.", "",
            "| what | against | measured | limit | | wall: least..most, rounds; "
            "medians; ratio of CPU |",
            "|---|---|---|---|---|---|",
            *(row.markdown() for row in self.rows), "", END])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file
                 if line.startswith("model name")]
    return (f"{names[0] if names else 'unknown processor'}, "
            f"{os.cpu_count()} cores, Linux {os.uname().release}, load "
            f"{os.getloadavg()[0]:.1f} at the end; ext4 in a loop device.")


def write_into(page, text):
    """Puts the text between the marks of a page, the rest stays."""
    old = page.read_text(encoding="utf-8")
    before, found, rest = old.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"bench: {page} has no marks to write between")
    page.write_text(before + text + after, encoding="utf-8")

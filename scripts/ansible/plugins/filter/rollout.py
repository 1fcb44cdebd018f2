"""Filters of the role `rollout`. They read the results that it registers per host.

Results have text of the hosts in them, which must not be used as a template, so
each filter marks what it returns as unsafe.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.release.release.plugins.plugin_utils.standing import (
    has_rollout,
    ran_well,
)

STAGING = ("rollout_before", "rollout_staged")
SWITCH = ("rollout_activated",)
UNKNOWN = "?"


class Problem(object):
    """The first task that a host could not do."""

    def __init__(self, host, result):
        self.host = host
        self.unreachable = bool(result.get("unreachable"))
        self.refused = result.get("exit") == 3
        error = result.get("error") or {}
        message = error.get("message") or result.get("msg") or "it gives no reason"
        self.message = message.strip().splitlines()[0]

    def __str__(self):
        if self.unreachable:
            return "unreachable"
        return "%s: %s" % ("refused" if self.refused else "failed", self.message)


def _results(hostvars, host):
    """Returns the variables of the host, with its results, untemplated."""
    return hostvars.raw_get(host)


def _problem(hostvars, host, names):
    results = _results(hostvars, host)
    for name in names:
        result = results.get(name) or {}
        if result.get("unreachable") or result.get("failed"):
            return Problem(host, result)
    return None


def rollout_stop(hosts, hostvars, phase, limit):
    """Returns why the rollout must stop after a phase on these hosts, or "".

    A refusal while staging always stops it, other failures if they are more than
    `limit` percent of the hosts.
    """
    names = {"staging": STAGING, "switch": SWITCH}[phase]
    problems = [_problem(hostvars, host, names) for host in hosts]
    problems = [problem for problem in problems if problem]
    refused = [problem for problem in problems if problem.refused and phase == "staging"]
    if not refused and len(problems) * 100 <= float(limit) * len(hosts):
        return ""
    first = (refused or problems)[0]
    others = len(problems) - 1
    more = " (and %d more)" % others if others else ""
    return wrap_var("%s %s%s" % (first.host, first, more))


def rollout_bases(hosts, hostvars, version, rollout):
    """Returns for each digest of a live release's manifest one host that has it.

    Leaves out the hosts that the rollout has reached.
    """
    bases = {}
    for host in hosts:
        before = _results(hostvars, host).get("rollout_before") or {"failed": True}
        if ran_well(before) and not has_rollout(before["status"], version, rollout):
            bases.setdefault(before["manifest_sha256"], host)
    bases.pop(None, None)
    return wrap_var(bases)


class Row(object):
    """How a host stands at the end."""

    def __init__(self, hostvars, host, version, rollout, undo):
        self.host = host
        self.version = version
        self.rollout = rollout
        self.undo = undo
        self.results = _results(hostvars, host)
        self.problem = _problem(hostvars, host, STAGING + SWITCH)
        after = self.results.get("rollout_after") or {}
        self.status = after.get("status")
        self.lost = bool(after.get("unreachable"))
        self.silent = after.get("msg") or "no answer"
        self.live = (self.status["live"] or "nothing") if self.status else UNKNOWN

    def good(self):
        if not self.status:
            return False
        if self.undo:
            release = self.status.get("release") or {}
            return release.get("rollout") != self.rollout
        return self.live == self.version and self.status["ok"]

    def state(self):
        if self.lost:
            return "UNREACHABLE" + (", may have it" if self._tried() else "")
        if not self.status:
            return "UNKNOWN: %s" % self.silent
        words = [self._outcome()]
        if not self.status["ok"]:
            reasons = self.status["problems"] or [self.status["verdict"]]
            words.append("NOT WELL: %s" % reasons[0])
        return ", ".join(words)

    def _outcome(self):
        undone = self.results.get("rollout_undone") or {}
        if undone.get("failed") or undone.get("unreachable"):
            return "NOT ROLLED BACK: %s" % undone.get("msg", "no answer")
        if undone.get("changed"):
            return "rolled back"
        if self.live == self.version:
            return "has it"
        if self.problem:
            return str(self.problem)
        return self._plan() or "does not have it"

    def _plan(self):
        plan = (self.results.get("rollout_staged") or {}).get("plan")
        return "would " + "; ".join(plan) if plan else ""

    def _tried(self):
        result = self.results.get("rollout_activated") or {}
        return bool(result) and not result.get("skipped")


def rollout_rows(hosts, hostvars, version, rollout, undo=False):
    """Returns host, live release, state and success of each host."""
    rows = [Row(hostvars, host, version, rollout, undo) for host in hosts]
    return wrap_var(
        [
            {"host": row.host, "live": row.live, "state": row.state(), "good": row.good()}
            for row in rows
        ]
    )


def rollout_table(rows):
    """Returns the rows as lines with columns of even width."""
    lines = [{"host": "HOST", "live": "LIVE", "state": "STATE"}] + rows
    host = max(len(line["host"]) for line in lines)
    live = max(len(line["live"]) for line in lines)
    return wrap_var(
        [
            "%-*s  %-*s  %s" % (host, line["host"], live, line["live"], line["state"])
            for line in lines
        ]
    )


class FilterModule(object):
    def filters(self):
        return {
            "rollout_stop": rollout_stop,
            "rollout_bases": rollout_bases,
            "rollout_rows": rollout_rows,
            "rollout_table": rollout_table,
        }

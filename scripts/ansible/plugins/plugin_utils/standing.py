"""Judges how a host stands, from results that the role `rollout` registers."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def ran_well(result):
    """Returns whether the task ran on the host and did not fail."""
    return not any(result.get(key) for key in ("failed", "unreachable", "skipped"))


def has_rollout(status, version, rollout):
    """Returns whether the rollout has made the version live, and that is settled."""
    release = status.get("release") or {}
    return (
        status["live"] == version
        and release.get("rollout") == rollout
        and release.get("state") == "good"
        and not any(status[key] for key in ("open", "interrupted", "in_progress"))
    )

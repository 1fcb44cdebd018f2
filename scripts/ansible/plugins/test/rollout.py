"""Tests of the results that the role `rollout` registers."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.release.release.plugins.plugin_utils.standing import (
    has_rollout,
    ran_well,
)


class TestModule(object):
    def tests(self):
        return {"ran_well": ran_well, "has_rollout": has_rollout}

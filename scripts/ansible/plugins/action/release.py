"""Copies the archive `src` of the controller to the host for the module.

The copy lies in the temporary directory of the task, which only the remote user
can read and which is removed at the end. `release` finds the files beside it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

BESIDE = (".sha256", ".intoto.json", ".sig")


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super(ActionModule, self).run(tmp, task_vars)
        args = self._task.args.copy()
        try:
            if args.get("src") and not args.get("archive"):
                args["archive"] = self._copy(args.pop("src"))
            result.update(
                self._execute_module(module_args=args, task_vars=task_vars)
            )
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _copy(self, src):
        """Returns the path of the copy on the host."""
        source = self._find_needle("files", src)
        if not os.path.isfile(source):
            raise AnsibleActionFail("cannot copy %s: it is not a file" % source)
        directory = self._connection._shell.tmpdir or self._make_tmp_path()
        copies = [
            self._transfer_file(
                path, self._connection._shell.join_path(directory, os.path.basename(path))
            )
            for path in [source] + [source + ending for ending in BESIDE]
            if os.path.isfile(path)
        ]
        self._fixup_perms2([directory] + copies)
        return copies[0]

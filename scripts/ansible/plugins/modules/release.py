"""Ansible module: changes which release of an app is on a host, and live."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: release
short_description: Deploy, stage, activate, roll back or pin a release
description:
  - Runs one command of C(release) on the host and returns its JSON object.
  - Fails with the message, the code and the exit status of the command.
options:
  state:
    description:
      - C(deployed) stages I(archive) or I(src), and makes it live.
      - C(staged) unpacks and verifies I(archive) or I(src), and does not make it live.
      - C(active) makes the release I(version) of this host live.
      - C(rolled_back) goes back to I(version), or to the release that was live and good before.
        With I(rollout) it undoes exactly that rollout and changes nothing on a host where
        another one made the live release live. Without I(rollout) and I(version) each run
        goes back further.
      - C(pinned) keeps I(version) from being pruned, C(unpinned) lets retention judge it again.
    type: str
    choices: [deployed, staged, active, rolled_back, pinned, unpinned]
    default: deployed
  app:
    description: The name of the app, configured in C(/etc/release/APP.toml).
    type: str
  root:
    description: The directory of the app. Works without a configuration.
    type: path
  config:
    description: The configuration file, if it is not C(/etc/release/APP.toml).
    type: path
  executable:
    description: The program C(release) on the host.
    type: str
    default: release
  archive:
    description: The path of the archive on the host.
    type: path
  src:
    description:
      - The path of the archive on the controller. It is copied to the host for the time of the task,
        with the files C(.sha256), C(.intoto.json) and C(.sig) that stand beside it.
    type: path
  version:
    description: The name of the release. Of an archive, it is found in the archive or its name by default.
    type: str
  sha256:
    description: The SHA-256 that the archive must have.
    type: str
  attestation:
    description: The path on the host of an attestation about the archive or its manifest.
    type: path
  signature:
    description: The path on the host of a signature of the archive or its manifest.
    type: path
  strip_components:
    description: The number of leading directories to leave out of the names in the archive.
    type: int
  manifest_sha256:
    description: For C(active), the SHA-256 that the manifest of the staged release must have.
    type: str
  dry_activate:
    description:
      - For C(staged), also ask by a dry run whether the release would go live, with I(expect_live) and
        I(manifest_sha256), and fail if it would be refused.
    type: bool
    default: false
  rollout:
    description: The ID of the rollout that this change belongs to. It has the form of a version.
    type: str
  expect_live:
    description:
      - Refuse with the code C(live-differs) if another release is live. C(-) stands for none.
    type: str
  reason:
    description: For C(rolled_back), the reason, which is recorded.
    type: str
  unchecked:
    description: For C(rolled_back), do not wait until the release proves healthy.
    type: bool
    default: false
  past_irreversible:
    description: For C(rolled_back), also leave a release that was deployed as irreversible.
    type: bool
    default: false
  irreversible:
    description: For C(deployed) and C(active), a later rollback must not go past this release unasked.
    type: bool
    default: false
  confirm_within:
    description: For C(deployed) and C(active), undo unless C(release confirm) runs within this duration.
    type: str
  wait:
    description: Wait up to this duration for another transaction, as in C(5m). C(forever) sets no limit.
    type: str
attributes:
  check_mode:
    description: Runs the command with C(--dry-run), which changes nothing. I(plan) says what would be done.
    support: full
  diff_mode:
    description:
      - Shows which files differ between the live release and the new one. In check mode both must be on the host.
    support: partial
author: the authors of release
"""

EXAMPLES = r"""
- name: Deploy an archive of the controller
  release.release.release:
    app: shop
    src: shop-1.4.3.tar.zst
    wait: 5m

- name: Make a staged release live, unless somebody else was faster
  release.release.release:
    app: shop
    state: active
    version: 1.4.3
    expect_live: 1.4.2

- name: Undo the rollout 1.4.3 where it made the live release live
  release.release.release:
    app: shop
    state: rolled_back
    rollout: 1.4.3
    reason: checkout is slow
"""

RETURN = r"""
exit:
  description: The exit status of the command.
  returned: always
  type: int
result:
  description: How the command ended, as C(committed) or C(unchanged).
  returned: if the command ran
  type: str
live:
  description: The release that is live, or null.
  returned: if the command ran
  type: str
previous:
  description: The release that was live before.
  returned: if the command ran
  type: str
version:
  description: The release that the command was about.
  returned: if the command ran
  type: str
plan:
  description: The steps that the command would do.
  returned: in check mode
  type: list
  elements: str
error:
  description: The failure, with C(code), C(message), C(path), C(expected) and C(found).
  returned: if the command ran
  type: dict
code:
  description: The stable code of the failure.
  returned: on failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.release.release.plugins.module_utils.command import (
    APP_OPTIONS,
    Command,
    failure,
)

COMMANDS = {
    "deployed": "deploy",
    "staged": "stage",
    "active": "activate",
    "rolled_back": "rollback",
    "pinned": "pin",
    "unpinned": "unpin",
}

# The parameters that become options, for the states that take them.
_OF_ARCHIVES = ("version", "sha256", "attestation", "signature", "strip_components")
_OF_SWITCH = ("irreversible", "confirm_within", "rollout", "expect_live")
OPTIONS = {
    "deployed": _OF_ARCHIVES + _OF_SWITCH,
    "staged": _OF_ARCHIVES + ("rollout",),
    "dry_activate": ("rollout", "expect_live", "manifest_sha256"),
    "active": _OF_SWITCH + ("manifest_sha256",),
    "rolled_back": ("rollout", "expect_live", "reason", "unchecked", "past_irreversible"),
    "pinned": (),
    "unpinned": (),
}

SPELLED = {"past_irreversible": "--yes"}

# Parameters that every state takes.
COMMON = ("state", "archive", "src", "version", "wait") + tuple(APP_OPTIONS)


def argument_spec():
    spec = dict(
        state=dict(type="str", choices=list(COMMANDS), default="deployed"),
        archive=dict(type="path"),
        src=dict(type="path"),
        version=dict(type="str"),
        sha256=dict(type="str"),
        attestation=dict(type="path"),
        signature=dict(type="path"),
        strip_components=dict(type="int"),
        manifest_sha256=dict(type="str"),
        dry_activate=dict(type="bool", default=False),
        rollout=dict(type="str"),
        expect_live=dict(type="str"),
        reason=dict(type="str"),
        unchecked=dict(type="bool", default=False),
        past_irreversible=dict(type="bool", default=False),
        irreversible=dict(type="bool", default=False),
        confirm_within=dict(type="str"),
        wait=dict(type="str"),
    )
    spec.update(APP_OPTIONS)
    return spec


def words_of(params):
    """Returns the command and its options."""
    state = params["state"]
    words = [COMMANDS[state]]
    if state in ("deployed", "staged"):
        words.append(params["archive"])
    elif params["version"]:
        words.append(params["version"])
    words += options_of(params, OPTIONS[state])
    if params["wait"]:
        words.append("--wait" if params["wait"] == "forever" else "--wait=" + params["wait"])
    return words


def options_of(params, names):
    words = []
    for name in names:
        value = params[name]
        option = SPELLED.get(name, "--" + name.replace("_", "-"))
        if value is True:
            words.append(option)
        elif value not in (None, False):
            words.append("%s=%s" % (option, value))
    return words


def unused(params):
    """Returns the names of the parameters that the state does not take."""
    taken = OPTIONS[params["state"]] + COMMON
    if params["state"] == "staged":
        taken += ("dry_activate",)
        if params["dry_activate"]:
            taken += OPTIONS["dry_activate"]
    return sorted(name for name, value in params.items() if value not in (None, False) and name not in taken)


def plan_changes(plan):
    """Returns whether a plan has a step that is not about leaving things as they are."""
    return any(not step.startswith("nothing") and " as it is" not in step for step in plan)


class Change:
    """One change of the host, or in check mode the plan for it."""

    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.command = Command(module)

    def run(self):
        if self._is_pinned_so():
            self.module.exit_json(changed=False, exit=0, result="unchanged", version=self.params["version"], plan=[])
        words = words_of(self.params)
        if self.module.check_mode:
            words.append("--dry-run")
        status, answer = self.command.run(words)
        if status != 0:
            self.module.fail_json(**failure(words[0], status, answer))
        if self.module.check_mode:
            answer["changed"] = plan_changes(answer["plan"])
        elif self.params["dry_activate"]:
            self._require_activation(answer)
        if self.module._diff:
            answer["diff"] = self._difference(answer)
        self.module.exit_json(**answer)

    def _require_activation(self, staged):
        """Fails the module if the staged release would not go live."""
        words = ["activate", staged["version"], "--dry-run"]
        words += options_of(self.params, OPTIONS["dry_activate"])
        status, answer = self.command.run(words)
        if status != 0:
            answer["changed"] = staged["changed"]
            self.module.fail_json(**failure("activate", status, answer))

    def _is_pinned_so(self):
        """Returns whether the release is pinned, or unpinned, as it should be already."""
        if self.params["state"] not in ("pinned", "unpinned"):
            return False
        wanted = {"version": self.params["version"], "pinned": self.params["state"] == "pinned"}
        releases = self.command.read(["list"])["releases"]
        return any(wanted.items() <= release.items() for release in releases)

    def _difference(self, answer):
        """Returns the differing files in the form that Ansible prints."""
        before, after = self._versions(answer)
        if not before or not after or before == after:
            return {"prepared": ""}
        status, found = self.command.run(["diff", before, after])
        if status != 0:
            return {"prepared": ""}
        lines = ["--- %s" % before, "+++ %s" % after]
        lines += [difference_line(each) for each in found["differences"]]
        return {"prepared": "\n".join(lines) + "\n"}

    def _versions(self, answer):
        """Returns the release that is live before the change, and after it."""
        if self.params["state"] not in ("deployed", "active", "rolled_back"):
            return None, None
        if not self.module.check_mode:
            return (answer["previous"], answer["live"]) if answer["changed"] else (None, None)
        if not answer["changed"]:
            return None, None
        now = self.command.read(["status"])
        target = self.params["version"]
        if self.params["state"] == "rolled_back":
            target = target or now["rollback_target"]
        return now["live"], target


def difference_line(difference):
    marks = {"added": "+", "removed": "-"}
    values = [value for value in (difference["before"], difference["after"]) if value is not None]
    mark = marks.get(difference["what"], "!")
    return "%s %s (%s)" % (mark, difference["path"], " -> ".join([difference["what"]] + values))


def main():
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[("archive", "src")],
        required_if=[
            ("state", "deployed", ("archive", "src"), True),
            ("state", "staged", ("archive", "src"), True),
            ("state", "active", ("version",)),
            ("state", "pinned", ("version",)),
            ("state", "unpinned", ("version",)),
        ],
    )
    if module.params["src"]:
        module.fail_json(msg="cannot use src: the action plugin of this module did not run")
    extra = unused(module.params)
    if extra:
        module.fail_json(msg="cannot use %s with state %s" % (", ".join(extra), module.params["state"]))
    Change(module).run()


if __name__ == "__main__":
    main()

"""Ansible module: returns what `release` knows about an app on a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: release_info
short_description: Return which release is live, and which others are on the host
description:
  - Asks C(release) on the host, and changes nothing.
  - An app that is not well makes no failure; see I(status.ok).
options:
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
  gather:
    description:
      - C(status) is what C(release status) prints.
      - C(releases) is the list of all releases.
      - C(history) is the list of the transactions, newest first.
      - C(manifest) is the digest of the live release's manifest. If the release came without one, the
        first C(release manifest) makes it and stores it on the host.
    type: list
    elements: str
    choices: [status, releases, history, manifest]
    default: [status, releases]
  transactions:
    description: The number of transactions in C(history).
    type: int
    default: 20
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
author: the authors of release
"""

EXAMPLES = r"""
- name: Ask what is live
  release.release.release_info:
    app: shop
  register: shop

- name: Show it
  ansible.builtin.debug:
    msg: "{{ shop.status.live }} is live, {{ shop.releases | length }} releases are on the host"
"""

RETURN = r"""
status:
  description: The object of C(release status --json).
  returned: if gathered
  type: dict
releases:
  description: The releases of C(release list --json).
  returned: if gathered
  type: list
  elements: dict
transactions:
  description: The transactions of C(release history --json), newest first.
  returned: if C(history) is gathered
  type: list
  elements: dict
manifest_sha256:
  description: The digest of the live release's manifest, or null if there is none.
  returned: if C(manifest) is gathered
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.release.release.plugins.module_utils.command import (
    APP_OPTIONS,
    Command,
)


def argument_spec():
    spec = dict(
        gather=dict(
            type="list",
            elements="str",
            choices=["status", "releases", "history", "manifest"],
            default=["status", "releases"],
        ),
        transactions=dict(type="int", default=20),
    )
    spec.update(APP_OPTIONS)
    return spec


def manifest_digest(command):
    """Returns None if no release is live or its files were changed."""
    status, answer = command.run(["manifest"])
    return answer["digest"] if status == 0 else None


def main():
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    command = Command(module)
    wanted = module.params["gather"]
    found = {}
    if "status" in wanted:
        found["status"] = command.read(["status"])
    if "releases" in wanted:
        found["releases"] = command.read(["list"])["releases"]
    if "history" in wanted:
        count = "-n%d" % module.params["transactions"]
        found["transactions"] = command.read(["history", count])["transactions"]
    if "manifest" in wanted:
        found["manifest_sha256"] = manifest_digest(command)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()

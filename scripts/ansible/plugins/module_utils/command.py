"""Runs the command `release` on the host and reads its JSON."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

# The parameters that name the app and the program.
APP_OPTIONS = dict(
    app=dict(type="str"),
    root=dict(type="path"),
    config=dict(type="path"),
    executable=dict(type="str", default="release"),
)


class Command:
    """The command for the app that the module's parameters name."""

    def __init__(self, module):
        self.module = module
        self.words = [module.params["executable"], "--json"]
        for option in ("app", "root", "config"):
            if module.params[option]:
                self.words += ["--" + option, module.params[option]]

    def run(self, words):
        """Returns the exit status and the JSON object of the command.

        Fails the module if the program cannot be run or prints no JSON.
        """
        try:
            status, out, err = self.module.run_command(
                self.words + words,
                handle_exceptions=False,
                expand_user_and_vars=False,
            )
        except (IOError, OSError) as error:
            self.module.fail_json(msg="cannot run %s: %s" % (self.words[0], error))
        answer = _object_in(out)
        if answer is None:
            self.module.fail_json(
                msg="cannot read the answer of `release %s` (exit %d): %s"
                % (words[0], status, (err or out).strip() or "it is empty"),
                exit=status,
            )
        return status, answer

    def read(self, words):
        """Returns the JSON object of a command that must not fail.

        Fails the module with the command's message if it fails.
        """
        status, answer = self.run(words)
        if answer.get("error"):
            self.module.fail_json(**failure(words[0], status, answer))
        return answer


def failure(name, status, answer):
    """Returns the result of a module whose command `name` has failed."""
    error = answer.get("error") or {}
    result = dict(answer, exit=status, code=error.get("code"))
    result["msg"] = "release %s failed: %s (%s, exit %d)" % (
        name,
        error.get("message") or "it gives no reason",
        result["code"] or "no code",
        status,
    )
    return result


def _object_in(text):
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

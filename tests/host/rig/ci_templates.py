#!/usr/bin/python3
"""Checks the templates of scripts/ci-templates: ci_templates.py DIR

Each variable RELEASE_X that the script DIR/deploy reads must be described at
its top, and set in both templates: in action.yml from the input x, and in
release.gitlab-ci.yml as a variable. The one command of each template must run
the script. Prints both commands, first that of action.yml; or prints problems
and exits with 1.
"""
import pathlib
import re
import sys
import yaml


def read(name):
    return (pathlib.Path(sys.argv[1]) / name).read_text()


def variables_in(text):
    return set(re.findall(r"\bRELEASE_[A-Z][A-Z_]*", text))


def differences(where, expected, found):
    for name in sorted(expected - found):
        yield f"{where}: lacks {name}, which the script reads"
    for name in sorted(found - expected):
        yield f"{where}: has {name}, which the script does not read"


def problems_of_action(variables, action):
    step, = action["runs"]["steps"]
    yield from differences("action.yml", variables, set(step["env"]))
    for name, value in step["env"].items():
        word = name.removeprefix("RELEASE_").lower().replace("_", "-")
        if value != "${{ inputs.%s }}" % word:
            yield f"action.yml: {name} is {value}"
        given = action["inputs"].pop(word, {})
        if not given.get("description") or \
                given.get("required") == ("default" in given):
            yield f"action.yml: the input {word} is not declared"
    for word in action["inputs"]:
        yield f"action.yml: nothing reads the input {word}"
    if "${{" in step["run"]:
        yield "action.yml: an input is a part of the script"


def main():
    description, script = read("deploy").split("\nset -", 1)
    variables = variables_in(script)
    action = yaml.safe_load(read("action.yml"))
    job = yaml.safe_load(read("release.gitlab-ci.yml"))[".release-deploy"]
    commands = [action["runs"]["steps"][0]["run"], *job["script"]]
    found = [*differences("deploy", variables, variables_in(description)),
             *problems_of_action(variables, action),
             *differences("release.gitlab-ci.yml",
                          variables | {"RELEASE_TEMPLATES"},
                          set(job["variables"]))]
    if commands != ['sh "$GITHUB_ACTION_PATH/deploy"',
                    'sh "$RELEASE_TEMPLATES/deploy"']:
        found.append(f"the commands are {commands}")
    print("\n".join(found or commands))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Checks the templates of scripts/ci-templates: ci_templates.py DIR DOCUMENT

Each variable RELEASE_X that the script DIR/deploy reads must be described at
its top, and set in both templates: in action.yml from the input x, and in
release.gitlab-ci.yml as a variable. The one command of each template must run
the script. The document must name each variable and input, and its jobs must
set only those. Prints both commands, first that of action.yml; or prints
problems and exits with 1.
"""
import pathlib
import re
import sys
import yaml


DIRECTORY = pathlib.Path(sys.argv[1])
DOCUMENT = pathlib.Path(sys.argv[2])


def load(name):
    return yaml.safe_load((DIRECTORY / name).read_text())


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
        given = action["inputs"].get(word, {})
        if not given.get("description") or bool(given.get("required")) == \
                ("default" in given):
            yield f"action.yml: the input {word} is not declared"
        if f"`{word}`" not in DOCUMENT.read_text():
            yield f"{DOCUMENT.name}: lacks the input {word}"
    if len(action["inputs"]) != len(step["env"]):
        yield "action.yml: nothing reads one of the inputs"
    if "${{" in step["run"]:
        yield "action.yml: an input is a part of the script"


def problems_of_jobs(inputs, variables):
    text = DOCUMENT.read_text()
    for name in sorted(variables - variables_in(text)):
        yield f"{DOCUMENT.name}: lacks {name}"
    workflow, pipeline, *_ = [
        yaml.safe_load(block)
        for block in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)]
    given = set(workflow["jobs"]["deploy"]["steps"][-1]["with"])
    needed = {word for word in inputs if inputs[word].get("required")}
    for word in sorted((given - set(inputs)) | (needed - given)):
        yield f"{DOCUMENT.name}: the workflow is wrong about the input {word}"
    for name in sorted(set(pipeline["deploy"]["variables"]) - variables):
        yield f"{DOCUMENT.name}: the pipeline sets {name}"


def main():
    description, script = (DIRECTORY / "deploy").read_text().split("\nset -", 1)
    variables = variables_in(script)
    action = load("action.yml")
    job = load("release.gitlab-ci.yml")[".release-deploy"]
    commands = [action["runs"]["steps"][0]["run"], *job["script"]]
    found = [*differences("deploy", variables, variables_in(description)),
             *problems_of_action(variables, action),
             *differences("release.gitlab-ci.yml",
                          variables | {"RELEASE_TEMPLATES"},
                          set(job["variables"])),
             *problems_of_jobs(action["inputs"], variables)]
    if commands != ['exec sh "$GITHUB_ACTION_PATH/deploy"',
                    'sh "$RELEASE_TEMPLATES/deploy"']:
        found.append(f"the commands are {commands}")
    print("\n".join(found or commands))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

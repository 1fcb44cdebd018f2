#!/usr/bin/python3
"""Checks that the documentation of an Ansible collection is that of its code.

  collection_docs.py DIRECTORY      the collection release.release

Compares the argument specs of the modules with their documentation, and the
variables of the role with its argument spec and with README.md; has ansible-doc
print each, and ansible-playbook check the syntax of the playbook.
"""
import importlib, os, pathlib, re, subprocess, sys, tempfile

import yaml

COLLECTION = pathlib.Path(sys.argv[1])
DEFAULT = {"required": False, "type": "str"}
failures = []


def expect(same, words):
    if not same:
        failures.append(words)


def compared(options):
    """The parts of options that code and documentation both have."""
    return {
        name: {
            "type": option.get("type", DEFAULT["type"]),
            "elements": option.get("elements"),
            "required": option.get("required", DEFAULT["required"]),
            "default": option.get("default"),
            "choices": option.get("choices"),
        }
        for name, option in options.items()
    }


def check_module(name):
    module = importlib.import_module("ansible_collections.release.release.plugins.modules." + name)
    documented = compared(yaml.safe_load(module.DOCUMENTATION)["options"])
    coded = compared(module.argument_spec())
    for option in sorted(documented.keys() | coded.keys()):
        expect(
            documented.get(option) == coded.get(option),
            "%s: %s: documented %s, coded %s" % (name, option, documented.get(option), coded.get(option)),
        )
    for example in yaml.safe_load(module.EXAMPLES):
        used = set(example.get("release.release." + name, {}))
        expect(used <= coded.keys(), "%s: example with %s" % (name, used - coded.keys()))
    expect(yaml.safe_load(module.RETURN), "%s: no RETURN" % name)


def check_role():
    role = COLLECTION / "roles/rollout"
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    options = specs["main"]["options"]
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    for name, value in defaults.items():
        templated = "{{" in str(value)
        documented = options.get(name, {}).get("default")
        expect(templated or documented == value, "role: %s: default %s, documented %s" % (name, value, documented))
    for name, option in options.items():
        expect("default" not in option or name in defaults, "role: %s has no default" % name)
        expect(option.get("description"), "role: %s has no description" % name)
    tasks = "".join(path.read_text() for path in (role / "tasks").glob("*.yml"))
    tasks += (role / "vars/main.yml").read_text() + (role / "defaults/main.yml").read_text()
    for name in options:
        expect(name in tasks, "role: %s is not used" % name)
    readme = (COLLECTION / "README.md").read_text()
    variables = set(re.findall(r"^\| `(rollout_\w+)`", readme, re.M))
    playbook = {"rollout_hosts", "rollout_batches"}
    expect(
        variables == options.keys() | playbook,
        "README.md: the variables differ by %s" % (variables ^ (options.keys() | playbook)),
    )


def run(environment, *words):
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    expect(done.returncode == 0, "%s: %s%s" % (" ".join(words), done.stdout, done.stderr))
    return done.stdout


def check_tools(collections):
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=collections, HOME=collections, LC_ALL="C.UTF-8")
    printed = run(environment, "/usr/bin/ansible-doc", "release.release.release", "release.release.release_info")
    expect("rolled_back" in printed and "transactions" in printed, "ansible-doc: " + printed)
    printed = run(environment, "/usr/bin/ansible-doc", "-t", "role", "release.release.rollout")
    expect("rollout_max_fail_percentage" in printed, "ansible-doc of the role: " + printed)
    run(environment, "/usr/bin/ansible-playbook", "--syntax-check", "-i", "web1,", "release.release.rollout")
    built = run(environment, "/usr/bin/ansible-galaxy", "collection", "build", str(COLLECTION), "--output-path", collections)
    expect("release-release-" in built, "ansible-galaxy: " + built)


def main():
    with tempfile.TemporaryDirectory() as collections:
        parent = pathlib.Path(collections, "ansible_collections/release")
        parent.mkdir(parents=True)
        (parent / "release").symlink_to(COLLECTION.resolve())
        sys.path.insert(0, collections)
        sys.dont_write_bytecode = True
        check_module("release")
        check_module("release_info")
        check_role()
        check_tools(collections)
    if failures:
        sys.exit("\n".join(failures))


main()

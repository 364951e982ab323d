"""`python -m benchmarks [name …]`: run all benchmarks, or those named."""

import importlib
import pkgutil
import sys

import benchmarks


def main(wanted: list[str]) -> None:
    names = [found.name for found in pkgutil.iter_modules(benchmarks.__path__) if found.name != "__main__"]
    failed = []
    for name in wanted or names:
        if name not in names:
            sys.exit(f"There is no benchmark “{name}”; choose from: {', '.join(names)}.")
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except SystemExit as told:
            # What one falls short of, or lacks, is no reason to leave out the others.
            print(told, flush=True)
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main(sys.argv[1:])

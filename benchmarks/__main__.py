"""`python -m benchmarks [name …]`: run all benchmarks, or those named."""

import importlib
import pkgutil
import sys

import benchmarks


def main(wanted: list[str]) -> None:
    names = [found.name for found in pkgutil.iter_modules(benchmarks.__path__) if found.name != "__main__"]
    for name in wanted or names:
        if name not in names:
            sys.exit(f"There is no benchmark “{name}”; choose from: {', '.join(names)}.")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])

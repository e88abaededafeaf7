"""``python -m simulator run|demo|chat|seed``: what the Makefile calls."""

import sys
from importlib import import_module

_COMMANDS = {
    "run": "start everything and keep it running",
    "demo": "show the main job in the terminal",
    "chat": "be a phone",
    "seed": "put the demo data into the database",
}


def main() -> int:
    """Hand the rest of the command line to the command's module; only that one is imported."""
    if len(sys.argv) < 2 or sys.argv[1] not in _COMMANDS:
        print("Use: python -m simulator COMMAND", file=sys.stderr)
        for name, purpose in _COMMANDS.items():
            print(f"  {name:6} {purpose}", file=sys.stderr)
        return 2
    command = import_module(f"simulator.{sys.argv[1]}")
    return int(command.main(sys.argv[2:]) or 0)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m coatcheck``: the command, where its script is not on PATH."""

from coatcheck.cli import main

if __name__ == "__main__":
    main()

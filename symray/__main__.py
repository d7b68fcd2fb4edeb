"""``python -m symray`` is the command ``symray``, for wherever that isn't on the PATH."""

from symray.cli.main import main

if __name__ == "__main__":
    main()

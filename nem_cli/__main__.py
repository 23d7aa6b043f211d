"""``python -m nem_cli``."""

from nem_cli.cli.app import main

if __name__ == "__main__":
    main()

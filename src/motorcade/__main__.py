"""`python -m motorcade` and the installed command."""

from motorcade.app.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()

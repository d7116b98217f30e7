"""`python -m opsctl`."""

from opsctl.cli.boundary import main

if __name__ == "__main__":
    main()

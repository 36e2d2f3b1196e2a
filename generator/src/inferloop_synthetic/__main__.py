"""`python -m inferloop_synthetic` is the command line."""

from inferloop_synthetic.cli import main

if __name__ == "__main__":
    main()

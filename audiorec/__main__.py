"""`python -m audiorec` is the `audiorec` command."""

from audiorec.cli import main

if __name__ == "__main__":
    main(prog_name="audiorec")

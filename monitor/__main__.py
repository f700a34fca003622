"""Entry point of `jiancha` and `python -m monitor`."""

from monitor import collecting


def main() -> None:
    """Run the command line on sys.argv and exit, as `monitor.cli.main` says."""
    collecting.seldom()
    from monitor.cli import main as run  # after that: what it loads is a million objects, none of them in a ring

    try:
        run()
    finally:
        collecting.no_more()


if __name__ == "__main__":
    main()

"""How long a lantern burns."""

OIL_PER_HOUR = 25  # millilitres


class Lantern:
    """A lantern and the oil in it, in millilitres."""

    def __init__(self, oil: float) -> None:
        self.oil = oil

    def hours(self) -> float:
        """How long it burns."""
        return self.oil / OIL_PER_HOUR


def main() -> None:
    """Say it for a full one."""
    print(f"{Lantern(400).hours():.0f} hours")  # a full one holds so much


if __name__ == "__main__":
    main()

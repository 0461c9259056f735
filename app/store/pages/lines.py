"""What every list of a page shares: how many lines a page has."""

from typing import Final

PAGE: Final = 50

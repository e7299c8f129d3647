"""The providers by name."""

from generations.providers.base import Provider
from generations.providers.fal import Fal
from generations.providers.kie import Kie

PROVIDERS: dict[str, Provider] = {"kie": Kie(), "fal": Fal()}


def get(name: str) -> Provider:
    """The provider of this name."""
    return PROVIDERS[name]

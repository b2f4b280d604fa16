"""The letters on the tile of an application that has no logo."""

from ssoko.plugin.host.registry import Registry

#: Category of integrations that connect any service provider.
GENERIC = "Generic"


def tile_letters(registry: Registry, integration: str, name: str, monogram: str) -> str:
    """Return the letters of an application's tile.

    Applications of a generic integration have the letters of their own names.

    :param integration: slug.
    :param name: of the application.
    :param monogram: of the integration, as recorded.
    """
    loaded = registry.get(integration)
    if not monogram or (loaded is not None and loaded.integration.category == GENERIC):
        return letters_of(name)
    return monogram


def letters_of(name: str) -> str:
    """Return up to three letters for a name."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word]
    if len(words) > 1:
        return "".join(word[0] for word in words[:2]).upper()
    return name[:3]

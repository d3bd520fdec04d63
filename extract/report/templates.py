"""How the templates of pages are read."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def template_environment(package: str) -> Environment:
    """The environment of the templates in a package.

    Values are text, never markup, because names come from the API.

    Args:
        package: name of the package with the templates.
    """
    return Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

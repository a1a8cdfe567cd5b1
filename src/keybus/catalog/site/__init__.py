"""The catalogue as pages that a browser opens from a folder: no server, nothing from elsewhere."""

from keybus.catalog.site.site import catalogue_site

__all__ = ["catalogue_site"]

"""The catalogue of a platform: for people as pages, and for tools as an AsyncAPI document."""

from keybus.catalog.asyncapi import asyncapi_document
from keybus.catalog.catalogue import Catalogue
from keybus.catalog.site import catalogue_site

__all__ = ["Catalogue", "asyncapi_document", "catalogue_site"]

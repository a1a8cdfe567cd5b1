"""Members of a query string, added to a URL that is written as it is to be sent."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode


def with_query(url: str, members: Mapping[str, str]) -> str:
    """The URL with these members behind its own.

    Args:
        url: A URL in ASCII without a fragment.
        members: By name; none: the URL as it is.
    """
    if not members:
        return url
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(members, quote_via=quote, safe='')}"

"""Wildcards of IAM: ``*`` is any number of characters, ``?`` one.

Source: AWS IAM user guide, "IAM JSON policy elements: Condition operators", ``StringLike``.
"""


def fits(text: str, wanted: str) -> bool:
    """Whether a whole text fits; case counts.

    In steps of at most the product of both lengths, whatever the wildcards are: after a mismatch
    only the last ``*`` takes one character more.

    Args:
        text: The text.
        wanted: What it has to look like.
    """
    at = place = resumed = 0
    star = -1
    while at < len(text):
        if place < len(wanted) and wanted[place] == "*":
            star, resumed, place = place, at, place + 1
        elif place < len(wanted) and wanted[place] in ("?", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resumed += 1
            at, place = resumed, star + 1
        else:
            return False
    return all(each == "*" for each in wanted[place:])

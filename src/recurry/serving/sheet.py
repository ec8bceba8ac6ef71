"""Every view of a model on one page of its own, which opens anywhere and loads nothing.

Comes in: a session. Goes out: HTML. Imports the views.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

from recurry.errors import RecurryError
from recurry.inspection.session import Session
from recurry.inspection.view import View

_WIDTH = re.compile(r'^<svg[^>]* width="([0-9.]+)"')
_NARROW, _GROWTH = 560.0, 1.6

Notify = Callable[[str], None]


def write_sheet(
    session: Session, views: Iterable[View], *, title: str, note: str, notify: Notify
) -> str:
    """A page with the picture and the caption of each view.

    Args:
        session: What is looked at.
        views: Which views; one that does not fit the model is left out, with its reason.
        title: The page's heading.
        note: A sentence below it.
        notify: Is told which view is being computed.
    """
    sections = []
    for view in views:
        notify(view.title)
        try:
            drawing = view.compute(session, view.Options()).to_svg()
        except RecurryError as error:
            sections.append(_left_out(view, error))
        else:
            sections.append(_section(view, drawing))
    return _PAGE.format(title=escape(title), note=escape(note), sections="\n".join(sections))


def _section(view: View, drawing: str) -> str:
    drawing = drawing[drawing.find("<svg") :]
    width = float(found.group(1)) if (found := _WIDTH.search(drawing)) else _NARROW
    # Small pictures grow with the page, but not so far that their letters shout.
    most = f' style="max-width:{_GROWTH * width:.0f}px"'
    return (
        f'<section id="{escape(view.name)}"><h2>{escape(view.title)}</h2>'
        f"<p>{escape(view.caption)}</p><div{most}>{drawing}</div></section>"
    )


def _left_out(view: View, error: RecurryError) -> str:
    return (
        f'<section id="{escape(view.name)}"><h2>{escape(view.title)}</h2>'
        f'<p class="soft">Left out: {escape(error.what)}</p></section>'
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root{{color-scheme:light}}
body{{margin:0 auto;max-width:76rem;padding:2rem 1.2rem 3rem;background:#f4f6f9;color:#1b2530;
font:1rem/1.55 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}}
h1{{font-size:1.6rem;margin:0 0 .3rem}}h2{{font-size:1.2rem;margin:0 0 .3rem}}
p{{margin:.2rem 0 .9rem;max-width:54rem}}.soft{{color:#55626f}}
section{{background:#fff;border:1px solid #dbe1e8;border-radius:12px;padding:1.2rem 1.3rem;
margin:1.2rem 0}}
section div{{overflow-x:auto}}section>div>svg{{display:block;width:100%;height:auto}}
@media print{{body{{background:#fff}}section{{break-inside:avoid}}}}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="soft">{note}</p>
{sections}
<p class="soft">Made by recurry look.</p>
</body>
</html>
"""

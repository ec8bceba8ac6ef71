"""`recurry look`: a model in the browser, or one view of it in a file or in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recurry.inspection.subject import Subject
    from recurry.serving.viewing import Passage


@click.command()
@click.argument("model")
@click.argument("text", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8642, show_default=True,
              help="First port that is tried.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Another one needs --token.")
@click.option("--token", help="What a browser must bring, 12 letters and digits or more.")
@click.option("--no-browser", "is_quiet", is_flag=True, help="Print the address only.")
def look(
    model: str, text: str | None, port: int, host: str, token: str | None, is_quiet: bool
) -> None:
    """Look inside MODEL while it reads TEXT."""
    from recurry.serving.application import build_application
    from recurry.serving.events import EventHub
    from recurry.serving.launch import address_of, bind, check_host, open_browser, serve
    from recurry.serving.viewing import Viewing

    check_host(host, token)
    events = EventHub()
    viewing = Viewing(Path(model), passage=lambda subject: _passage(subject, text),
                      publish=events.publish)
    listening = bind(host, port)
    address = address_of(listening, token=token)

    def started() -> None:
        click.echo(f"Looking into {model}: {address}   (Ctrl-C ends it)", err=True)
        viewing.start()
        if not is_quiet:
            open_browser(address)

    try:
        serve(build_application(viewing, events, token=token), listening, events=events, on_start=started)
    finally:
        viewing.close()


def _passage(subject: Subject, text: str | None) -> Passage:
    from recurry.serving.viewing import Passage

    if text is not None:
        return Passage(text=Path(text).read_text(), name=text)
    from recurry.data import shakespeare_path
    return Passage(text=Path(shakespeare_path()).read_text()[-100_000:], name="Shakespeare")

"""What the page's typed client is generated from is the API as it is."""

from scripts import openapi


def test_the_page_knows_the_api_as_it_is() -> None:
    """Otherwise the page's types would describe another API, and no type check would notice."""
    written = openapi.TARGET.read_text(encoding="utf-8")
    assert written == openapi.document(), "frontend/openapi.json is not what the API says: run `make types`"

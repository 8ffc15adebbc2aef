"""A form that was too large, without scripts: the Back key of the browser brings it again, as it was filled in."""

from tests.portal.browsers import People, click_and_go, form

TEXT = "The whole story, typed for an hour."


async def test_the_back_key_brings_what_was_typed(people: People) -> None:
    first = await people.open("rita.requester", "/")
    signed_in = await first.context.storage_state()
    rita = await people.window(storage_state=signed_in, java_script_enabled=False)
    await rita.goto("/catalog/vpn-access")
    order = form(rita, "/catalog/vpn-access")
    await order.locator("[name='v.device']").first.check()
    await click_and_go(rita, order.get_by_role("button", name="Continue"))
    basket = form(rita, "/basket")
    await basket.locator("[name=note]").fill(TEXT)
    await basket.locator("details.files > summary").click()
    await basket.locator("input[type=file]").first.set_input_files(
        {"name": "large.bin", "mimeType": "application/octet-stream", "buffer": b"x" * 22_000_000}
    )
    await click_and_go(rita, basket.get_by_role("button", name="Send the order"))
    assert "At most 21 MB are taken" in await rita.locator("main").inner_text()
    await rita.go_back()
    assert await form(rita, "/basket").locator("[name=note]").input_value() == TEXT

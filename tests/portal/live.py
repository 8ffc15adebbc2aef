"""How soon a page shows what others did: told by the page itself, not by looking at it again and again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

BOUND = 3.0
"""Seconds from the press of a button to its sight on another page. A machine with nothing else to do needs less than
one."""

_SEEN = """([region, words]) => new Promise((seen) => {
  window.neverReloaded = true;
  const look = () => document.querySelector(`[data-live="${region}"]`)?.innerText.includes(words);
  if (look()) throw new Error(`${region} shows "${words}" before anything was done`);
  const watch = new MutationObserver(() => {
    if (!look()) return;
    watch.disconnect();
    seen(Date.now() / 1000);
  });
  watch.observe(document.documentElement, { childList: true, subtree: true, characterData: true });
})"""


@asynccontextmanager
async def seen_live(page: Page, region: str, words: str) -> AsyncIterator[None]:
    """What is done inside makes the page's region show the words, soon and without a reload."""
    watching = asyncio.ensure_future(page.evaluate(_SEEN, [region, words]))
    await asyncio.sleep(0)
    begun = time.time()
    yield
    async with asyncio.timeout(20):
        at: float = await watching
    took = at - begun
    print(f"{region}: {words!r} was seen {took:.2f} s after it was sent")
    assert took <= BOUND, (region, words, took)
    assert await page.evaluate("window.neverReloaded"), "the page was loaded anew"

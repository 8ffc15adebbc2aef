import asyncio
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from steadydesk.connectors.errors import BadValue, TemplateRefused
from steadydesk.connectors.template import Template, TemplateForm, render

FIELDS = ["order.number", "order.lines", "person", "flags"]
VALUES: dict[str, Any] = {
    "order": {
        "number": "REQ0000001",
        "lines": [{"item": "Laptop", "n": 2}, {"item": "<b>", "n": 1}],
        "secret": "canary",
    },
    "person": {"name": "Zo\u00eb & Co", "manager": None},
    "flags": ["a", "b"],
    "other": "canary",
}


def text(source: str, values: dict[str, Any] = VALUES) -> str:
    return Template(source, FIELDS, TemplateForm.TEXT).render(values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Order {{ order.number }}", "Order REQ0000001"),
        ("{{ order['number'] | lower }}", "req0000001"),
        (
            "{% for line in order.lines %}{{ loop.index }}/{{ loop.length }} {{ line.item }};{% endfor %}",
            "1/2 Laptop;2/2 <b>;",
        ),
        ("{% for line in order.lines if line.n > 1 %}{{ line.item }}{% else %}none{% endfor %}", "Laptop"),
        (
            "{% if person.manager %}x{% elif flags[0] == 'a' %}{{ flags|join('-') }}{% endif %}",
            "a-b",
        ),
        ("[{{ person.manager }}]", "[]"),
        ("{{ person.nickname | default('nobody') }}", "nobody"),
        ("{{ 'yes' if 'a' in flags else 'no' }}{# note #}{% raw %}{{ x }}{% endraw %}", "yes{{ x }}"),
        ("{{ flags | length }}{{ flags | first }}{{ flags[-1] }}{{ order.number[:3] }}", "2abREQ"),
        ("{{ person.name | upper | truncate(6, leeway=0) }}", "ZO\u00cb..."),
        ("{% for key in person %}{{ key }} {% endfor %}", "name manager "),
    ],
)
def test_what_templates_can_do(source: str, expected: str) -> None:
    assert text(source) == expected


def test_html_escapes_every_value() -> None:
    lines = "{% for l in order.lines %}{{ l.item }}{% endfor %}"
    source = f"<p title='{{{{ person.name }}}}'>{lines}{{{{ flags|join(order.lines[1].item) }}}}</p>"
    made = Template(source, FIELDS, TemplateForm.HTML).render(VALUES)
    assert made == "<p title='Zo\u00eb &amp; Co'>Laptop&lt;b&gt;a&lt;b&gt;b</p>"


def test_a_value_marked_as_safe_is_escaped_all_the_same() -> None:
    made = Template("{{ person }}", ["person"], TemplateForm.HTML).render({"person": Markup("<script>")})
    assert made == "&lt;script&gt;"


@given(st.text(max_size=40))
def test_the_text_of_people_is_never_a_template(words: str) -> None:
    assert text("{{ person }}", {"person": words}) == words


@pytest.mark.parametrize(
    "source",
    [
        "{{ order.secret }}",
        "{{ order }}",
        "{{ order['secret'] }}",
        "{% for x in order %}{{ x }}{% endfor %}",
        "{{ other }}",
        "{{ order[other] }}",
        "{% for line in order.lines %}{% endfor %}{{ line }}",
        "{% for x in flags %}{% else %}{{ loop }}{% endfor %}",
        "{{ self }}",
        "{{ caller }}",
        "{{ range }}",
        "{{ order.lines|join(other) }}",
        "{% if other %}{% endif %}",
    ],
)
def test_only_fields_can_be_read(source: str) -> None:
    with pytest.raises(TemplateRefused, match=r"line 1: .* is not a field of this template"):
        text(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ person.__class__ }}",
        "{{ person['__class__']['__base__'] }}",
        "{{ person.__init__.__globals__ }}",
        "{{ person.items }}",
        "{{ person.name.format }}",
        "{{ flags.append }}",
        "{{ (flags|first).__class__ }}",
        "{{ person|attr('__class__') }}",
        "{{ flags|map('upper')|join }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum() }}",
        "{{ person.name.upper() }}",
        "{% for x in flags %}{{ loop.__class__ }}{{ loop.cycle('a') }}{% endfor %}",
        "{% for x in flags recursive %}{% endfor %}",
        "{% for x in flags %}{{ loop._iterable }}{% endfor %}",
        "{% set x = 1 %}",
        "{% set x %}a{% endset %}",
        "{% with x = 1 %}{% endwith %}",
        "{% macro m() %}{% endmacro %}",
        "{% call m() %}{% endcall %}",
        "{% filter upper %}a{% endfilter %}",
        "{% block b %}{% endblock %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% from 'os' import x %}",
        "{% extends 'x' %}",
        "{% autoescape false %}{% endautoescape %}",
        "{{ person.name|safe }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a' ~ 'a' }}",
        "{{ 1 + 1 }}",
        "{{ {'a': 1} }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ person.name|replace('a', 'b') }}",
        "{{ flags }}",
        "{{ person }}",
        "{{ person.unknown }}",
        "{{ person.unknown.deeper }}",
        "{% for x in person.name %}{% endfor %}",
        "{% for x in person.unknown %}{% endfor %}",
        "{{ person.name|truncate(person) }}",
        "{{ -person.name }}",
        "{{ person.name < 3 }}",
        "{{ 3|truncate }}",
        "{{ person.name is sameas(1) }}",
        "{% if %}",
        "{{",
        "{% endfor %}",
        "{{" + "(" * 2000 + "1" + ")" * 2000 + "}}",
        "{{" + "9" * 5000 + "}}",
        "{% for a in flags %}" * 40 + "{% endfor %}" * 40,
        "x" * 16_385,
    ],
)
def test_what_templates_cannot_do(source: str) -> None:
    with pytest.raises(TemplateRefused) as raised:
        text(source)
    assert "canary" not in str(raised.value)
    assert "Zo\u00eb" not in str(raised.value)


def test_faults_name_their_line() -> None:
    with pytest.raises(TemplateRefused, match="line 3: other is not a field"):
        text("a\nb\n{{ other }}")
    with pytest.raises(TemplateRefused, match="line 2: "):
        text("a\n{% if %}")


def test_loops_are_counted_also_when_they_print_nothing() -> None:
    many = {"flags": [0] * 200}
    nested = (
        "{% for a in flags %}{% for b in flags %}{% for c in flags %}{% endfor %}{% endfor %}{% endfor %}"
    )
    started = time.monotonic()
    with pytest.raises(TemplateRefused, match="more than 10000 turns"):
        text(nested, many)
    assert time.monotonic() - started < 1
    filtered = "{% for a in flags %}{% for b in flags if b %}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateRefused, match="more than 10000 turns"):
        text(filtered, many)


def test_the_deadline_stops_a_slow_template_in_its_thread() -> None:
    # 5,000 turns with 100 operations over 200 kB each: minutes, when nothing stops it.
    slow = "{% for a in flags %}" + "{{ person.big|upper|lower|length }}" * 100 + "{% endfor %}"
    template = Template(slow, FIELDS, TemplateForm.TEXT)
    values: dict[str, Any] = {"flags": [0] * 5000, "person": {"big": "\u00e5" * 200_000}}
    started = time.monotonic()
    with pytest.raises(TemplateRefused, match="runs too long"):
        template.render(values, seconds=0.3)
    assert time.monotonic() - started < 1


async def test_the_event_loop_goes_on_while_a_template_runs() -> None:
    slow = "{% for a in flags %}" + "{{ person.big|upper|lower|length }}" * 100 + "{% endfor %}"
    template = Template(slow, FIELDS, TemplateForm.TEXT)
    values: dict[str, Any] = {"flags": [0] * 5000, "person": {"big": "\u00e5" * 200_000}}
    running = asyncio.create_task(render(template, values, 0.3))
    turns = 0
    while not running.done():
        await asyncio.sleep(0.01)
        turns += 1
    with pytest.raises(TemplateRefused, match="runs too long"):
        await running
    assert turns >= 5


def test_output_and_values_are_capped() -> None:
    big = {"person": {"big": "x" * 60_000}}
    assert len(text("{{ person.big }}", big)) == 60_000
    with pytest.raises(TemplateRefused, match="longer than 65536 bytes"):
        text("{{ person.big }}{{ person.big }}", big)
    with pytest.raises(TemplateRefused, match="longer than 65536 bytes"):
        text("{{ person.big }}", {"person": {"big": "\u4f60" * 30_000}})
    with pytest.raises(TemplateRefused, match="join gives more"):
        text("{{ flags|join(person.big) }}", {**big, "flags": ["a"] * 3})
    with pytest.raises(BadValue, match="too large"):
        text("{{ person.big }}", {"person": {"big": "x" * 300_000}})
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]
    with pytest.raises(BadValue, match="nested too deeply"):
        text("", {"flags": deep})
    with pytest.raises(BadValue, match="no JSON value"):
        text("", {"flags": object()})


async def test_one_compiled_template_serves_many_threads() -> None:
    template = Template("{% for x in flags %}{{ person }}{% endfor %}", FIELDS, TemplateForm.TEXT)
    names = [str(number) for number in range(30)]
    values: list[dict[str, Any]] = [{"flags": [0] * 900, "person": name} for name in names]
    made = await asyncio.gather(*(render(template, each) for each in values))
    assert made == [name * 900 for name in names]

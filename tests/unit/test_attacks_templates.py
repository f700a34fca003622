"""Template injection: what comes in from outside is never a template, and a template reaches neither the program nor
the machine's memory.
"""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.rendering import Style
from alerts.templates import EXAMPLE, BadTemplate, context, fill
from monitor.exports.assessment.documents import PLACEHOLDERS, Templates, _sandbox, _template
from monitor.settings import config_dir
from tests.bombs import packed

PAYLOADS = ["{{ 7*7 }}", "{{7*7}}{% raw %}", "{% for c in cards %}x{% endfor %}", "${7*7}", "#{7*7}", "%(text)s", "{0}",
            "{{ cards[0].__class__ }}"]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_a_window_or_a_reason_is_shown_as_it_stands(payload: str) -> None:
    style = Style(names={"window:w01": payload, "staff:s-001": payload, "hall:h1": payload})
    values = context((replace(EXAMPLE, why=payload),), "firing", style, title=payload, text=payload)
    said = fill("{{ title }}|{{ text }}|{{ cards[0].window }}|{{ cards[0].charged }}|{{ cards[0].why }}", values)
    assert said.count(payload) == 5
    assert "49" not in said


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cards.__class__ }}",
    "{{ cards[0]|attr('__class__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ title.format.__globals__ }}",
    "{{ '{0.__class__}'.format(title) }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{{ cards.append(1) }}",
    "{{ namespace.__init__ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_a_template_reaches_nothing_of_the_program(source: str) -> None:
    with pytest.raises(BadTemplate):
        fill(source, context((EXAMPLE,), "firing", Style(), title="t", text="x"))


HUGE = [
    "{{ 'x' * 1000000000 }}", "{{ 1000000000 * 'x' }}", "{{ [1] * 1000000000 }}", "{{ 10 ** 1000000 }}",
    "{{ (10 ** 20000) * (10 ** 20000) ** 9 }}", "{{ '%999999999d' % 1 }}", "{{ '%*d' % (999999999, 1) }}",
    "{{ '%999999999d'|format(1) }}", "{{ 'a'|center(999999999) }}", "{{ 'a'.center(999999999) }}",
    "{{ 'a'.ljust(999999999) }}", "{{ '1'.zfill(999999999) }}", "{{ '{:999999999}'.format(1) }}",
    "{{ 'a'.replace('', 'b' * 9999) }}", "{{ 'a\nb'|indent(999999999) }}", "{{ [1]|batch(999999999, 'x')|list }}",
    "{{ lipsum(99999) }}", "{% for i in range(99999999) %}x{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
]  # fmt: skip


@pytest.mark.parametrize("source", HUGE)
def test_no_step_of_a_template_makes_something_long(source: str) -> None:
    began = time.process_time()
    with pytest.raises(BadTemplate):
        fill(source, context((EXAMPLE,), "firing", Style(), title="t", text="x"))
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("source", "said"),
    [("{{ 2 * 3 }} {{ 2 ** 5 }} {{ 7 % 3 }}", "6 32 1"), ("{{ '-' * 3 }}", "---"), ("{{ '%05d' % 7 }}", "00007"),
     ("{{ ['a', 'b']|join('、') }}", "a、b"), ("{{ 'a-b'|replace('-', '+') }}", "a+b"),
     ("{{ '甲'|center(5) }}", "  甲  ")],
)  # fmt: skip
def test_what_operators_write_works_as_ever(source: str, said: str) -> None:
    assert fill(source, context((EXAMPLE,), "firing", Style(), title="t", text="x")) == said


@pytest.mark.parametrize(
    "source",
    ["{{ title.__class__ }}", "{{ cycler.__init__.__globals__ }}", "{{ lipsum.__globals__.os }}", "{{ secret }}"],
)
def test_a_letter_s_template_reaches_nothing_either(source: str, tmp_path: Path) -> None:
    """A hall's own circular.docx: what names anything but the placeholders is refused, all else is in the sandbox."""
    shipped = config_dir() / "letters"
    with zipfile.ZipFile(shipped / "circular.docx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    end, said = b"</w:body>", f"<w:p><w:r><w:t>{source}</w:t></w:r></w:p></w:body>".encode()
    assert end in parts["word/document.xml"]
    parts["word/document.xml"] = parts["word/document.xml"].replace(end, said, 1)
    (tmp_path / "circular.docx").write_bytes(packed(parts))

    def filled_in() -> None:
        template = _template(Templates(shipped, tmp_path).body("circular"))
        template.render(dict.fromkeys(PLACEHOLDERS["circular"], []), _sandbox())

    with pytest.raises(Exception, match=r"unsafe|undefined|no such placeholders"):
        filled_in()

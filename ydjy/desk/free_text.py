"""Words that people type stand in the clear: an identity number has no place in them.

Two nets, for everything there is or will be: every form of ours says it beside the field, and every
step of ours refuses what came by no form. Fields that are stored sealed may hold numbers.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from ydjy.desk.crypto.fields import sealed_names
from ydjy.desk.exceptions import must
from ydjy.lib import masking

SENTENCE = "这里写了证件号码，请删去：号码只写在“证件号码”那一栏。"
IN_STEP = "填的文字里写了证件号码，没有办。请删去号码再办：号码只写在“证件号码”那一栏。"
IN_NAME = "文件名里写了证件号码，没有收。请给文件改个名字再选。"
SEARCHED = "q"  # looked for, never stored
SEALED = {"data-sealed": ""}  # of a field that is stored sealed under another name


class NoNumbers(forms.BaseForm):
    """A form whose unsealed text fields refuse identity numbers."""

    def clean(self) -> Any:
        cleaned = super().clean()
        for name, value in list(self.cleaned_data.items()):
            texts = value if isinstance(value, list) else [value]
            clear = any(isinstance(t, str) and masking.contains_number(t) for t in texts)
            if clear and not is_sealed(name, self.fields[name]):
                self.add_error(name, SENTENCE)
        return cleaned


def is_sealed(name: str, field: forms.Field) -> bool:
    return name in sealed_names() or "data-sealed" in field.widget.attrs


def refuse_file_names(request: HttpRequest) -> None:
    """The name of a received file is kept, shown and logged."""
    names = (file.name or "" for sent in request.FILES.lists() for file in sent[1])
    must(not any(masking.contains_number(name) for name in names), IN_NAME)


def refuse_numbers(request: HttpRequest, answer: object = None) -> None:
    """Called when a step has been taken and can still be undone. A page that shows the form again
    has stored nothing, and says beside the field what is wrong."""
    if isinstance(answer, HttpResponse) and answer.status_code == 200:
        return
    for name, texts in request.POST.lists():
        last = name.rpartition("-")[2]
        if last != SEARCHED and last not in sealed_names() and not name.startswith("agent_"):
            must(not any(map(masking.contains_number, texts)), IN_STEP)

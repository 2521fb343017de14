"""What a browser would post: the forms of a page as they were printed, with their values."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Values = dict[str, Any]


@dataclass
class PageForm:
    """One form: its attributes, the values of its fields, and the choices of its selects."""

    attrs: dict[str, str]
    values: Values = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def put(self, name: str, value: str) -> None:
        """Boxes of one name are a list, as the browser sends them."""
        if name in self.values:
            old = self.values[name]
            self.values[name] = [*(old if isinstance(old, list) else [old]), value]
        else:
            self.values[name] = value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.open: PageForm | None = None
        self.select, self.area, self.words = "", "", ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = PageForm(of)
            self.forms.append(self.open)
        form = self.open
        if "form" in of:
            form = next((f for f in self.forms if f.attrs.get("id") == of["form"]), None)
        if form is None:
            return
        name = of.get("name", "")
        if tag == "input" and name:
            self._read_box(form, name, of)
        elif tag == "textarea":
            self.area, self.words = name, ""
        elif tag == "select":
            self.select = name
            form.choices[name] = []
        elif tag == "option" and self.select:
            form.choices[self.select].append(of.get("value", ""))
            if "selected" in of:
                form.put(self.select, of["value"])

    def _read_box(self, form: PageForm, name: str, of: dict[str, str]) -> None:
        box = of.get("type") in ("checkbox", "radio")
        if of.get("type") not in ("submit", "file") and (not box or "checked" in of):
            form.put(name, of.get("value", "on" if box else ""))
        if box:
            form.choices.setdefault(name, []).append(of.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            if self.open and self.select not in self.open.values and self.open.choices[self.select]:
                self.open.values[self.select] = self.open.choices[self.select][0]
            self.select = ""
        elif tag == "textarea" and self.open is not None:
            self.open.values[self.area] = self.words.removeprefix("\n")
            self.area = ""


def forms_of(response: Any) -> list[PageForm]:
    reader = _Reader()
    text = response.content.decode()
    reader.feed(text[text.find("<form") : text.rfind("</form>") + len("</form>")])
    return reader.forms


def main_form(response: Any) -> PageForm:
    """The form in which the row of an admin page is written."""
    return next(form for form in forms_of(response) if form.attrs.get("id", "").endswith("_form"))


def opened(browser: Any, address: str) -> Values:
    """What saving the page unchanged would post."""
    return main_form(browser.get(address)).values

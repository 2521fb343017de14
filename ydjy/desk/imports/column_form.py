"""Which column of a received list is which, said by a person once for a sender."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from ydjy.desk.exceptions import must
from ydjy.desk.imports import uploads
from ydjy.desk.models import Upload
from ydjy.lib.workbook import column_key, header_names


class ColumnsForm(forms.Form):
    """For each header of a received file, which of our columns it is."""

    LEFT_OUT = "-"

    def __init__(
        self,
        upload: Upload,
        columns: Mapping[str, Sequence[str]],
        required: Sequence[str],
        data: QueryDict | None = None,
    ):
        must(
            upload.state in (Upload.State.COLUMNS, Upload.State.STAGED),
            f"这个文件{upload.get_state_display()}，不用再对应列。",
        )
        must(upload.layout, "这个文件里没有读出表头，没有可以对应的列。请检查文件后重新上传。")
        super().__init__(data, label_suffix="")
        self.upload, self.columns, self.required = upload, columns, required
        names = header_names(columns, uploads.remembered(upload.kind, upload.sender))
        marked = {True: "（必须有）", False: ""}
        choices = [("", "请选择"), (self.LEFT_OUT, "不用这一列")]
        choices += [(key, words[0] + marked[key in required]) for key, words in columns.items()]
        self.headers = list(dict.fromkeys(h for h in upload.layout[0]["headers"] if h))[:60]
        for position, header in enumerate(self.headers):
            self.fields[f"column-{position}"] = forms.ChoiceField(
                label=header,
                choices=choices,
                required=False,
                initial=column_key(header, names) or "",
            )
        # What somebody has to choose stands first, not among twenty that are known.
        said = Counter(field.initial for field in self.fields.values())
        self.order_fields(
            sorted(
                self.fields,
                key=lambda name: (
                    said[self.fields[name].initial] == 1 and bool(self.fields[name].initial)
                ),
            )
        )

    @property
    def why(self) -> str:
        """Why a person is asked: what the reader misses; blank where he only wants to say more."""
        return self.upload.message if self.upload.state == Upload.State.COLUMNS else ""

    @property
    def keys(self) -> dict[str, str]:
        """Header → key; blank leaves the column out."""
        chosen = ((h, self.cleaned_data[f"column-{n}"]) for n, h in enumerate(self.headers))
        return {h: "" if key == self.LEFT_OUT else key for h, key in chosen if key}

    def clean(self) -> Any:
        cleaned = super().clean()
        keys = [key for key in self.keys.values() if key]
        if twice := sorted({self.columns[key][0] for key in keys if keys.count(key) > 1}):
            raise forms.ValidationError(f"“{'、'.join(twice)}”选了不止一次，请只对应一列。")
        if lacking := [self.columns[key][0] for key in self.required if key not in keys]:
            raise forms.ValidationError(f"还没有选哪一列是“{'、'.join(lacking)}”。")
        return cleaned

    def remembered(self) -> bool:
        """Whether it was filled in well: then the sender's words are known from now on, and the
        file is to be read anew."""
        if not self.is_valid():
            return False
        uploads.remember(self.upload.kind, self.upload.sender, self.keys)
        uploads.read_anew(self.upload)
        return True

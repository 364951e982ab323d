"""Fields that forms of every surface share."""

from typing import Any

from django import forms


class LongTextField(forms.CharField):
    """A long text. Lines end as the academy keeps them, before its length is looked at; and no `maxlength` lets the
    browser cut off, unsaid, the end of what is pasted."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}

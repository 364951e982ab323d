"""Long texts are typed, and pasted, whole."""

from inspect import getmembers, isclass

import pytest
from django import forms

from zhiyue.experience.desk import setup_forms
from zhiyue.experience.entrance.settings import forms as settings_forms
from zhiyue.experience.shell.fields import LongTextField
from zhiyue.experience.studio import forms as studio_forms
from zhiyue.experience.studio import shelving_forms


@pytest.mark.parametrize("module", [studio_forms, shelving_forms, setup_forms, settings_forms])
def test_no_browser_cuts_off_what_is_pasted_into_a_text_of_several_lines(module):
    found = [
        field
        for _, form in getmembers(module, isclass)
        if issubclass(form, forms.BaseForm)
        for field in form.base_fields.values()
        if isinstance(field.widget, forms.Textarea)
    ]
    assert found
    assert not [field.label for field in found if "maxlength" in field.widget.attrs]


def test_a_line_end_counts_once():
    field = LongTextField(max_length=3)
    assert field.clean("一\r\n二") == "一\n二"
    with pytest.raises(forms.ValidationError):
        field.clean("一\r\n二三")

"""What of an upload can't be imported, taken away to be mended: people and past orders row by row, courses whole."""

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.accounts.permissions import Permission
from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.import_rows import bad_orders, bad_people, left_out_courses
from zhiyue.experience.shell.downloads import csv_download
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.importing import plan_courses
from zhiyue.product.commerce.imports.importing import plan_members
from zhiyue.product.commerce.imports.order_importing import plan_orders


@for_the_desk(Permission.CHANGE_MEMBERS)
@require_safe
def members(request: PageRequest, sheet_id: int) -> HttpResponseBase:
    sheet = uploads.sheet_of(request.viewer, UploadedSheet.Kind.MEMBERS, sheet_id)
    header, rows = bad_people(sheet, plan_members(sheet.text))
    return csv_download(request, "members-to-mend.csv", header, rows)


@for_the_desk(Permission.CHANGE_ANY_COURSE)
@require_safe
def courses(request: PageRequest, sheet_id: int) -> HttpResponseBase:
    sheet = uploads.sheet_of(request.viewer, UploadedSheet.Kind.COURSES, sheet_id)
    header, rows = left_out_courses(sheet, plan_courses(sheet.text))
    return csv_download(request, "courses-to-mend.csv", header, rows)


@for_the_desk(Permission.IMPORT_ORDERS)
@require_safe
def orders(request: PageRequest, sheet_id: int) -> HttpResponseBase:
    sheet = uploads.sheet_of(request.viewer, UploadedSheet.Kind.ORDERS, sheet_id)
    header, rows = bad_orders(sheet, plan_orders(sheet.text, by=request.viewer.user))
    return csv_download(request, "orders-to-mend.csv", header, rows)

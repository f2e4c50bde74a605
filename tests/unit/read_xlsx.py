"""Prints an Excel file as JSON: of each sheet its name, cells, formats, widths and what is frozen and filtered."""

import datetime
import json
import sys

import openpyxl


def plain(value):
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


book = openpyxl.load_workbook(sys.argv[1])
print(
    json.dumps(
        [
            {
                "name": sheet.title,
                "rows": [[plain(cell.value) for cell in row] for row in sheet.iter_rows()],
                "types": [[cell.data_type for cell in row] for row in sheet.iter_rows()],
                "formats": [[cell.number_format for cell in row] for row in sheet.iter_rows()],
                "frozen": sheet.freeze_panes,
                "filter": sheet.auto_filter.ref,
                "width": sheet.column_dimensions["A"].width,
            }
            for sheet in book.worksheets
        ]
    )
)

/*
 * Excel, through libxlsxwriter in constant-memory mode: a row leaves memory when the next one begins.
 *
 * The library looks at no write to its temporary files, so that a full disk would give a file cut short and
 * no error. Hence both are looked at here: the rows' file before it is closed, and whether there is room for
 * the copy of it that the library makes then.
 */
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/text.h"
#include "flexsync/utf8.h"
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Its headers do not pass our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <xlsxwriter.h>
#pragma GCC diagnostic pop

#define TEXT_UNITS_MAX  32767 /* of UTF-16, in a cell */
#define FIRST_YEAR      1900  /* before it Excel knows no dates */
#define SHEET_NAME      "Contacts"
#define SHEET_NAME_MAX  32
#define NAME_MAX_LENGTH 80            /* bytes; those of the table have 30 at the most */
#define ROOM_MORE       (1024 * 1024) /* what the library writes around the rows */

struct workbook {
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *heading, *digits, *day, *time;
    char *folder;                     /* of temporary files */
    unsigned sheets, sheet_rows, row; /* row: the next one of the sheet */
};

static int fail(const struct export *export, lxw_error code, struct error *err)
{
    if (code == LXW_ERROR_MEMORY_MALLOC_FAILED)
        return error_memory(err);
    if (errno == ENOSPC || errno == EDQUOT)
        return outfile_failed(export->file, err);
    const char *text = lxw_strerror(code); /* ends with a full stop */
    return error_set(
        err, ERROR_STORE, RETRY_LATER,
        "cannot write %s: %.*s; make room in the folders of the file and of TMPDIR, and type the "
        "same again",
        outfile_target(export->file), (int)strcspn(text, "."), text);
}

/* A library's temporary files go where there is room for the result. */
static int find_folder(struct workbook *state, const struct export *export)
{
    CLEANUP_FREE char *name = strdup(outfile_name(export->file));
    state->folder = name ? strdup(dirname(name)) : NULL;
    return state->folder ? 0 : -1;
}

static lxw_format *add_format(struct workbook *state, const char *number, bool bold)
{
    lxw_format *format = workbook_add_format(state->book);
    if (format && number)
        format_set_num_format(format, number);
    if (format && bold)
        format_set_bold(format);
    return format;
}

static lxw_format *format_of(const struct workbook *state, enum export_kind kind)
{
    switch (kind) {
    case EXPORT_DIGITS:
        return state->digits;
    case EXPORT_DAY:
        return state->day;
    case EXPORT_TIME:
        return state->time;
    case EXPORT_TEXT:
    case EXPORT_FLAG:
    case EXPORT_NUMBER:
    case EXPORT_JSON:
        break;
    }
    return NULL;
}

/* A cell of Excel has no zone, so its column says which one it is. */
static lxw_error write_name(struct workbook *state, lxw_col_t column, const struct export_column *of)
{
    char name[NAME_MAX_LENGTH];
    (void)snprintf(name, sizeof name, "%s%s", of->name, of->kind == EXPORT_TIME ? " (UTC)" : "");
    return worksheet_write_string(state->sheet, 0, column, name, state->heading);
}

static lxw_error write_names(struct workbook *state, const struct export_columns *columns)
{
    lxw_error code = LXW_NO_ERROR;
    for (size_t i = 0; code == LXW_NO_ERROR && i < columns->count; i++) {
        const struct export_column *column = &columns->columns[i];
        lxw_col_t c = (lxw_col_t)i;
        code = worksheet_set_column(state->sheet, c, c, column->width, format_of(state, column->kind));
        if (code == LXW_NO_ERROR)
            code = write_name(state, c, column);
    }
    worksheet_freeze_panes(state->sheet, 1, 0);
    return code;
}

/* Phone numbers are to stay text, so Excel is told that it need not warn of them. */
static lxw_error end_sheet(struct workbook *state, const struct export_columns *columns)
{
    lxw_col_t last = (lxw_col_t)(columns->count - 1);
    char range[LXW_MAX_CELL_RANGE_LENGTH];
    lxw_rowcol_to_range(range, 0, 0, state->row - 1, last);
    lxw_error code = worksheet_autofilter(state->sheet, 0, 0, state->row - 1, last);
    return code != LXW_NO_ERROR
               ? code
               : worksheet_ignore_errors(state->sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, range);
}

static lxw_error begin_sheet(struct workbook *state, const struct export_columns *columns)
{
    char name[SHEET_NAME_MAX] = SHEET_NAME;
    if (++state->sheets > 1)
        (void)snprintf(name, sizeof name, SHEET_NAME " %u", state->sheets);
    state->sheet = workbook_add_worksheet(state->book, name);
    state->row = 1;
    return state->sheet ? write_names(state, columns) : LXW_ERROR_MEMORY_MALLOC_FAILED;
}

static int begin(struct export *export, struct error *err)
{
    struct workbook *state = export->state = calloc(1, sizeof *state);
    if (!state || find_folder(state, export) < 0)
        return error_memory(err);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = state->folder};
    state->sheet_rows = export->options.sheet_rows ? export->options.sheet_rows : EXPORT_SHEET_ROWS;
    state->book = workbook_new_opt(outfile_name(export->file), &options);
    if (!state->book || !(state->heading = add_format(state, NULL, true)) ||
        !(state->digits = add_format(state, "@", false)) ||
        !(state->day = add_format(state, "yyyy-mm-dd", false)) ||
        !(state->time = add_format(state, "yyyy-mm-dd hh:mm:ss", false)))
        return error_memory(err);
    lxw_error code = begin_sheet(state, export->options.columns);
    return code == LXW_NO_ERROR ? 0 : fail(export, code, err);
}

/* Excel reads "_x0041_" as the character of that number; the library leaves it as it is. */
static bool looks_like_escape(const char *text)
{
    return text[0] == '_' && text[1] == 'x' && strspn(text + 2, "0123456789abcdefABCDEF") >= 4 &&
           text[6] == '_';
}

/* How a character stands in a cell: NULL for as it is. Lines end with a line feed there. */
static const char *form_of(const char *text, uint32_t c)
{
    if (c == '\r')
        return text[1] == '\n' ? "" : "\n";
    if (c == UTF8_REPLACEMENT || c == 0xFFFE || c == 0xFFFF) /* XML has no form for these */
        return UTF8_REPLACEMENT_TEXT;
    if (c < ' ' && c != '\n' && c != '\t')
        return " ";
    return looks_like_escape(text) ? "_x005F_" : NULL;
}

/* What no cell has room for is cut and counted. */
static int clean_text(struct export *export, const char *text)
{
    struct buffer *out = &export->scratch;
    size_t units = 0;
    buffer_clear(out);
    int r = buffer_append_text(out, "");
    while (r == 0 && *text) {
        uint32_t c;
        size_t length = utf8_next(text, &c);
        const char *form = form_of(text, c);
        units += form ? strlen(form) : c > 0xFFFF ? 2 : 1; /* U+FFFD counts three times, which does no harm */
        if (units > TEXT_UNITS_MAX) {
            export->shortened++;
            break;
        }
        r = form ? buffer_append_text(out, form) : buffer_append(out, text, length);
        text += length;
    }
    return r;
}

/* A point in time as UTC, a day as it is. */
static bool read_date(const char *text, enum export_kind kind, lxw_datetime *ret, bool *ret_time)
{
    int64_t seconds;
    struct tm tm;
    if (text_parse_day(text, &seconds, ret_time) < 0 ||
        (*ret_time && kind == EXPORT_TIME && text_parse_iso(text, &seconds) < 0) ||
        !gmtime_r(&(time_t){(time_t)seconds}, &tm) || tm.tm_year + 1900 < FIRST_YEAR)
        return false;
    *ret = (lxw_datetime){.year = tm.tm_year + 1900,
                          .month = tm.tm_mon + 1,
                          .day = tm.tm_mday,
                          .hour = tm.tm_hour,
                          .min = tm.tm_min,
                          .sec = tm.tm_sec};
    return true;
}

static lxw_error write_text(struct export *export, lxw_col_t column, const char *text, enum export_kind kind)
{
    struct workbook *state = export->state;
    lxw_datetime date;
    bool has_time;
    if ((kind == EXPORT_DAY || kind == EXPORT_TIME) && read_date(text, kind, &date, &has_time))
        return worksheet_write_datetime(state->sheet, state->row, column, &date,
                                        kind == EXPORT_DAY && !has_time ? state->day : state->time);
    if (clean_text(export, text) < 0)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    return worksheet_write_string(state->sheet, state->row, column, export->scratch.data,
                                  format_of(state, kind));
}

static lxw_error write_cell(struct export *export, lxw_col_t column, const struct value *value)
{
    struct workbook *state = export->state;
    enum export_kind kind = export->options.columns->columns[column].kind;
    switch (value->type) {
    case VALUE_NULL:
        break;
    case VALUE_TEXT:
        return write_text(export, column, value->text, kind);
    case VALUE_INTEGER:
        if (kind == EXPORT_FLAG)
            return worksheet_write_boolean(state->sheet, state->row, column, value->integer != 0, NULL);
        return worksheet_write_number(state->sheet, state->row, column, (double)value->integer, NULL);
    case VALUE_REAL:
        return worksheet_write_number(state->sheet, state->row, column, value->real, NULL);
    }
    return LXW_NO_ERROR;
}

static int row(struct export *export, const struct value *values, struct error *err)
{
    struct workbook *state = export->state;
    const struct export_columns *columns = export->options.columns;
    lxw_error code = LXW_NO_ERROR;
    if (state->row == state->sheet_rows) {
        code = end_sheet(state, columns);
        if (code == LXW_NO_ERROR)
            code = begin_sheet(state, columns);
    }
    for (size_t i = 0; code == LXW_NO_ERROR && i < columns->count; i++)
        code = write_cell(export, (lxw_col_t)i, &values[i]);
    state->row++;
    return code == LXW_NO_ERROR ? 0 : fail(export, code, err);
}

/*
 * Room for the copies is taken and given back. They are made one after the other, and the result, which is
 * smaller, grows meanwhile: all of them together is enough.
 */
static int check_room(const struct workbook *state, off_t rows)
{
    CLEANUP_CLOSE int fd = open(state->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0; /* a file system that cannot say */
    errno = posix_fallocate(fd, 0, rows + ROOM_MORE);
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -1 : 0;
}

static int check_rows(const struct workbook *state)
{
    lxw_worksheet *sheet;
    off_t all = 0;
    STAILQ_FOREACH(sheet, state->book->worksheets, list_pointers)
    {
        FILE *rows = sheet->optimize_tmpfile;
        if (fflush(rows) != 0 || ferror(rows))
            return -1;
        all += ftello(rows);
    }
    return check_room(state, all);
}

static int end(struct export *export, struct error *err)
{
    struct workbook *state = export->state;
    lxw_error code = end_sheet(state, export->options.columns);
    if (code != LXW_NO_ERROR)
        return fail(export, code, err);
    if (check_rows(state) < 0)
        return outfile_failed(export->file, err);
    errno = 0;
    code = workbook_close(take_pointer(state->book)); /* frees it in any case */
    return code == LXW_NO_ERROR ? 0 : fail(export, code, err);
}

static void abandon(struct export *export)
{
    struct workbook *state = export->state;
    if (!state)
        return;
    lxw_workbook_free(state->book);
    free(state->folder);
    free(take_pointer(export->state));
}

const struct export_format export_xlsx = {.name = "xlsx",
                                          .people = "an Excel file",
                                          .by_name = true,
                                          .begin = begin,
                                          .row = row,
                                          .end = end,
                                          .abandon = abandon};

"""validate.py SCHEMA FILE: is the JSON in the file of the form that the schema describes? Ends with 1 if not."""

import json
import sys

import jsonschema


def main(schema_path, file_path):
    with open(schema_path, encoding="utf-8") as schema_file, open(file_path, encoding="utf-8") as json_file:
        schema, value = json.load(schema_file), json.load(json_file)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    errors = sorted(validator.iter_errors(value), key=lambda error: list(error.absolute_path))
    for error in errors[:10]:
        print("/".join(map(str, error.absolute_path)) or "the whole", ":", error.message)
    return 1 if errors else 0


sys.exit(main(*sys.argv[1:]))

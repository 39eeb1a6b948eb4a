"""The document as the server gives it, with what else it takes put in: python3 lenient.py <openapi.json >lenient.json

The served document names one form for each value, and docs/api.md says in prose what else is taken ("What else is taken").
Here that prose stands in the schemas of requests. What the server takes beside it is a fault.
"""

import json
import sys

SPACE = r"[\s\x00-\x20\x7f-\xa0]*"
# What Python's int() reads, and a fraction of zeros.
WHOLE = rf"^{SPACE}[+\-\u2212]?[0-9_]+(\.0*)?{SPACE}$"
# What Python's Decimal reads.
MONEY = rf"^{SPACE}[+-]?[0-9_]*\.?[0-9_]*([eE][+-]?[0-9]+)?{SPACE}$"
DAY = r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\n?$"
FLAGS = ["true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0"]
SYNONYMS = {"shipped": "dispatched", "cancelled": "canceled"}
# Here only flags are guessed at: no name, no role, no password.
EXACT = {"UserInput", "UserPatch", "KeyInput"}


def words(choices):
    """One of `choices`, in any case, with white space around it."""
    in_any_case = ["".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word) for word in choices]
    return {"type": "string", "pattern": f"^{SPACE}({'|'.join(in_any_case)}){SPACE}$"}


def value(schema):
    """What is taken where `schema` is documented."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    taken = [{"type": "null"}] if "null" in kinds else []
    if "enum" in schema:
        choices = schema["enum"]
        taken += [words(choices + [SYNONYMS[word] for word in choices if word in SYNONYMS])]
    elif "boolean" in kinds:
        taken += [{"type": "boolean"}, words(FLAGS), {"enum": [0, 1]}]
    elif "integer" in kinds:
        number = {key: schema[key] for key in ("minimum", "maximum") if key in schema}
        taken += [{"type": "integer", **number}, {"type": "string", "pattern": WHOLE}]
    elif schema.get("format") == "date":
        taken += [{"type": "string", "pattern": DAY}]
    elif schema.get("format") in ("email", "date-time"):
        taken += [{"type": "string", "format": schema["format"]}]
    elif schema.get("pattern", "").startswith("^[0-9]"):
        taken += [{"type": "string", "pattern": MONEY}, {"type": "number", "minimum": 0}]
    elif "string" in kinds:
        # White space at its ends does not count towards its length.
        text = {"type": "string", **({"pattern": schema["pattern"]} if "pattern" in schema else {})}
        taken += [text, {"type": "number"}]
    else:
        return schema
    return {"anyOf": taken}


def parameter(it):
    """A parameter of a query or a header; paths are taken as they are documented."""
    schema = it["schema"]
    if it["in"] == "header":
        # A condition is a list of tags, or a star; an id of a request that is none is not echoed.
        free = it["name"] in ("If-Match", "If-None-Match", "X-Request-Id")
        it["schema"] = {"type": "string"} if free else schema
    elif it["in"] == "query":
        if it["name"] == "ordering":
            # Several fields, of which the first known one counts.
            it["schema"] = {"type": "string"}
        elif "items" in schema:
            schema["items"] = {"anyOf": [value(schema["items"]), {"const": ""}]}
        elif "boolean" in schema["type"]:
            it["schema"] = value(schema)
        else:
            it["schema"] = {"anyOf": [value(schema), {"const": ""}]}


document = json.load(sys.stdin)
schemas = document["components"]["schemas"]
statuses = value(schemas["Status"])
bodies = {"LineInput"}
for path in document["paths"].values():
    for operation in path.values():
        for it in operation.get("parameters", []):
            parameter(it)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            body = content["schema"]
            name = body.get("items", body)["$ref"].rsplit("/", 1)[1]
            bodies.add(name)
for name in bodies:
    members = schemas[name]["properties"]
    for member, schema in members.items():
        if schema.get("$ref", "").endswith("/Status"):
            members[member] = statuses
        elif "$ref" not in schema and (name not in EXACT or schema["type"] == "boolean"):
            members[member] = value(schema)
json.dump(document, sys.stdout)

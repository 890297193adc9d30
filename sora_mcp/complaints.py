"""What pydantic has against a value, in our words: its own name types, and may show the value."""

from pydantic_core import ErrorDetails


def wanted(problem: ErrorDetails) -> str:
    """What a value must be, as it follows “must be”."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "string_type":
            return "a text"
        case "dict_type":
            return "a table"
        case "float_parsing" | "float_type":
            return "a number"
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "greater_than":
            return f"above {context['gt']:g}"
        case "greater_than_equal":
            return f"at least {context['ge']:g}"
        case "less_than_equal":
            return f"at most {context['le']:g}"
        case "literal_error":
            return f"one of {context['expected']}"
        case "value_error":  # of a check of ours
            return str(context["error"])
        case _:
            return "another value"

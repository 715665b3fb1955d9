"""Undefined names in custom templates. Imported when a custom template is rendered: importing Jinja takes 20 ms."""

from typing import Any

import jinja2
from jinja2.utils import missing


class UnknownName(jinja2.UndefinedError):
    """Use of an undefined name. `is_of_a_value`: `name` is an attribute of a value, not a variable of the template."""

    def __init__(self, message: str | None, name: str, is_of_a_value: bool) -> None:
        super().__init__(message)
        self.name = name
        self.is_of_a_value = is_of_a_value


class Unknown(jinja2.StrictUndefined):
    """Undefined value that raises UnknownName when it is used."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[jinja2.TemplateRuntimeError] = jinja2.UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc)
        if hint is None and isinstance(name, str):
            self._undefined_exception = self._unknown  # type: ignore[assignment]

    def _unknown(self, message: str | None = None) -> UnknownName:
        return UnknownName(message, str(self._undefined_name), self._undefined_obj is not missing)

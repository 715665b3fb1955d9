"""Messages for the asserts of the applications' clicks."""

import pytest

pytest.register_assert_rewrite("tests.apps.products")

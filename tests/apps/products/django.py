"""Django's admin (Python): CSRF by form fields, and messages in a cookie."""

from typing import TYPE_CHECKING

from tests.apps.django_site import PASSWORD, USER, django_site
from tests.apps.products.product import Product

if TYPE_CHECKING:
    from playwright.sync_api import Page


def clicks(page: "Page", url: str) -> None:
    page.goto(f"{url}/admin/")
    page.fill("#id_username", USER)
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    page.wait_for_selector("text=Site administration")
    page.goto(f"{url}/admin/auth/group/add/")
    page.fill("#id_name", f"group at {url}")
    page.click("input[name=_save]")
    assert "was added successfully" in page.inner_text(".messagelist")  # by the cookie `messages`
    page.check("input.action-select >> nth=0")
    page.select_option("select[name=action]", "delete_selected")
    page.click("button[name=index]")
    page.click("input[type=submit]")
    assert "Successfully deleted" in page.inner_text(".messagelist")


def leave(page: "Page", url: str) -> None:
    page.click("#logout-form button")
    page.goto(f"{url}/admin/")
    assert page.is_visible("#id_password")


DJANGO = Product(
    "Django admin", django_site, clicks, leave, cookies=("sessionid", "csrftoken"), entries=("sessionid", "csrftoken", "messages"),
    stricter=(r"(?m)^  - name: messages\n(?:    .*\n)+", ""), announced="messages", announced_as="undeclared",
)  # fmt: skip

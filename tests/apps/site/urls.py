from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path


def tracked(request: HttpRequest) -> HttpResponse:
    """Set an undeclared cookie and return the names of the cookies that arrived."""
    response = HttpResponse(",".join(sorted(request.COOKIES)))
    response.set_cookie("tracker", "1", max_age=10**8)
    return response


urlpatterns = [path("admin/", admin.site.urls), path("tracked", tracked)]

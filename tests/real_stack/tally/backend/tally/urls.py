"""One page: which database this server uses, and how many points are in it."""

from django.conf import settings
from django.db import connection
from django.http import JsonResponse
from django.urls import path


def points(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM point")
        (count,) = cursor.fetchone()
    database = str(settings.DATABASES["default"]["NAME"])
    return JsonResponse({"database": database, "points": count})


urlpatterns = [path("", points)]

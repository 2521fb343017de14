from django.urls import path

from apps.offices.public import views

urlpatterns = [
    path("offices/", views.offices, name="offices"),
    path("offices/<int:pk>/", views.office, name="office"),
    path("print/phones/", views.phones, name="print_phones"),
    path("progress/", views.progress, name="progress"),
    path("workdays/", views.workdays, name="workdays"),
]

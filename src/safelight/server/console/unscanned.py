from django.http import HttpResponse
def unscanned(r): return HttpResponse()

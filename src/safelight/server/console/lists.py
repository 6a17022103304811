from django.http import HttpResponse
def lists(r): return HttpResponse()
def one_list(r, name): return HttpResponse()

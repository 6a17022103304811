from django.http import HttpResponse
def queue(r): return HttpResponse()
def take_next(r): return HttpResponse()
def case(r, case_id): return HttpResponse()
def do(r, case_id): return HttpResponse()

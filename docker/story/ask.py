#!/usr/bin/python3
"""Sends the POST and prints the answer: ask.py http://127.0.0.1:PORT; exit 0 if it was 201."""
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

request = Request(sys.argv[1] + "/api/avatar-projects", b'{"name": "portrait"}', {"Content-Type": "application/json"})
try:
    with urlopen(request, timeout=10) as answer:
        status, text = answer.status, answer.read().decode()
except HTTPError as error:
    status, text = error.code, error.read().decode()
print(f"POST /api/avatar-projects  ->  {status} {text}")
sys.exit(0 if status == 201 else 1)

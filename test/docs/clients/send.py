"""Sends the photograph to the API: send.py URL KEY FILE. One line of JSON per form."""

import json
import sys

import httpx
import requests

url, key, path = sys.argv[1:]
auth = {"authorization": f"Bearer {key}"}
image = open(path, "rb").read()


def show(client, form, answer):
    print(json.dumps({"client": client, "form": form, "status": answer.status_code, "body": answer.json()}))


for client in (requests, httpx):
    name = client.__name__
    body = {"data": image} if client is requests else {"content": image}
    show(name, "bytes, no Content-Type", client.post(url, headers=auth, **body))
    show(name, "form, open file", client.post(url, headers=auth, files={"file": open(path, "rb")}))
    show(
        name,
        "form, name without type, attributes",
        client.post(url, headers=auth, files={"file": ("é 📷.jpg", image)}, data={"attributes": '{"album":"a"}'}),
    )

#!/usr/bin/env python3
"""Reads mails as mail programs do, with Python's own parser, and prints one line of JSON for each:

    read_mail.py FILE …
"""

import email
import email.policy
import json
import pathlib
import sys


def read(content):
    """What a reader sees, and what the parser found odd."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    defects = [str(defect) for defect in mail.defects]
    for value in mail.values():
        defects += [str(defect) for defect in value.defects]
    to = [address for header in mail.get_all("to", []) for address in header.addresses]
    return {
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "from": [mail["from"].addresses[0].display_name, mail["from"].addresses[0].addr_spec],
        "to": [address.addr_spec for address in to],
        "subject": mail["subject"],
        "sent": mail["date"].datetime.timestamp(),
        "type": mail.get_content_type(),
        "charset": mail.get_content_charset(),
        "encoding": mail["content-transfer-encoding"],
        "body": mail.get_content().replace("\r\n", "\n"),
        "longest_line": max(map(len, content.splitlines())),
        "defects": defects,
    }


if __name__ == "__main__":
    for file in sys.argv[1:]:
        print(json.dumps(read(pathlib.Path(file).read_bytes())))

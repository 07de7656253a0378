#!/usr/bin/env python3
"""A mail server that keeps what it gets, for the tests.

    smtp_catcher.py CERTIFICATE KEY USER PASSWORD

First it prints a line with its ports as JSON: `plain` speaks no TLS at all, `starttls` demands it and a login, `tls` is
encrypted from the first byte and demands a login. Then it prints a line for every mail that it took. A recipient decides
what it says: `bounce…` 550 always, `later…` 451 the first time, `never…` 451 always.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from read_mail import read


class Handler:
    """Keeps mails, or refuses them."""

    def __init__(self, is_encrypted):
        self.is_encrypted = is_encrypted
        self.refused = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("bounce"):
            return "550 5.1.1 no such user"
        if address.startswith("never") or (address.startswith("later") and address not in self.refused):
            self.refused.add(address)
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        login = session.auth_data.login.decode() if session.authenticated else None
        mail = {"tls": self.is_encrypted or session.ssl is not None, "login": login, "sender": envelope.mail_from,
                "recipients": envelope.rcpt_tos, **read(envelope.content)}
        print(json.dumps(mail), flush=True)
        return "250 2.0.0 taken"


async def main(certificate, key, user, password):
    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=good, auth_data=data)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    login = {"authenticator": authenticate, "auth_required": True}
    loop = asyncio.get_running_loop()
    listeners = {
        "plain": (None, {}),
        "starttls": (None, {"tls_context": context, "require_starttls": True, **login}),
        # Within TLS there is nothing to upgrade, which the library cannot know.
        "tls": (context, {"auth_require_tls": False, **login}),
    }
    ports = {}
    for name, (outer, options) in listeners.items():
        handler = Handler(outer is not None)
        speak = lambda handler=handler, options=options: SMTP(handler, **options)
        server = await loop.create_server(speak, "127.0.0.1", 0, ssl=outer)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Fetches and sends with nothing but Python's own libraries: as JSON on standard input, what to log in to and as whom."""
import imaplib
import json
import poplib
import smtplib
import ssl
import sys

given = json.load(sys.stdin)
user, password, ports = given["user"], given["password"], given["ports"]
context = ssl.create_default_context(cafile=given["certificateFile"]) if given["certificateFile"] else None


def imap(connection, authenticate):
    with connection:
        authenticate(connection)
        connection.select("INBOX", readonly=True)
        _, found = connection.search(None, "SUBJECT", '"for everybody"')
        _, [(_, text), *_] = connection.fetch(found[0].split()[0], "(RFC822)")
        assert b"Hello." in text


def pop(connection):
    connection.user(user)
    connection.pass_(password)
    assert b"Hello." in connection.retr(1)[1]
    connection.quit()


def smtp(connection, subject, mechanism):
    with connection:
        connection.ehlo()
        if given["certificateFile"] and not isinstance(connection, smtplib.SMTP_SSL):
            connection.starttls(context=context)
            connection.ehlo()
        connection.user, connection.password = user, password
        connection.auth(mechanism, getattr(connection, "auth_" + mechanism.lower()))
        message = f"From: <{user}>\r\nTo: <{given['to']}>\r\nSubject: {subject}\r\n\r\nHello.\r\n"
        connection.sendmail(user, [given["to"]], message)


def login(connection):
    connection.login(user, password)


def plain(connection):
    connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())


host = "localhost"
for authenticate in (login, plain):
    connection = imaplib.IMAP4(host, ports["imap"])
    if context:
        connection.starttls(context)
    imap(connection, authenticate)
connection = poplib.POP3(host, ports["pop"])
if context:
    connection.stls(context)
pop(connection)
for mechanism in ("PLAIN", "LOGIN"):
    smtp(smtplib.SMTP(host, ports["smtp"]), f"from smtplib with {mechanism}", mechanism)
if context:
    imap(imaplib.IMAP4_SSL(host, ports["imaps"], ssl_context=context), login)
    pop(poplib.POP3_SSL(host, ports["pops"], context=context))
    smtp(smtplib.SMTP_SSL(host, ports["smtps"], context=context), "from smtplib in TLS", "PLAIN")
print("all went well")

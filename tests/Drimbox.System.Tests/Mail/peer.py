"""Python's own mail, zip and XML modules as the other end: what they make of a mail, and what they send and fetch.

peer.py read FILE                                  a stored mail, as one JSON value
peer.py send PORT CA USER PASSWORD RECIPIENT       a mail by STARTTLS and AUTH
peer.py fetch PORT CA USER PASSWORD                the subjects of the mailbox
"""
import email
import email.policy
import hashlib
import imaplib
import io
import json
import smtplib
import ssl
import sys
import xml.etree.ElementTree as ET
import zipfile

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"


def slot(entry, name):
    for found in entry.findall(RIM + "Slot"):
        if found.get("name") == name:
            return found.find(f"{RIM}ValueList/{RIM}Value").text
    return None


def read(path):
    raw = open(path, "rb").read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {part.get_filename(): part for part in mail.iter_attachments()}
    archive = zipfile.ZipFile(io.BytesIO(parts["IHE_XDM.zip"].get_content()))
    entry = ET.fromstring(archive.read("IHE_XDM/SUBSET01/METADATA.XML")).find(f".//{RIM}ExtrinsicObject")
    document = archive.read("IHE_XDM/SUBSET01/" + slot(entry, "URI"))
    index = ET.fromstring(archive.read("INDEX.HTM"))
    links = [a.get("href") for a in index.iter("{http://www.w3.org/1999/xhtml}a")]
    return {
        "subject": mail["Subject"],
        "rawSubject": raw.split(b"\r\nSubject: ")[1].split(b"\r\n")[0].decode("ascii"),
        "defects": [str(d) for part in mail.walk() for d in part.defects],
        "text": mail.get_body(("plain",)).get_content(),
        "charset": mail.get_body(("plain",)).get_content_charset(),
        "attachments": sorted(parts),
        "files": sorted(archive.namelist()),
        "badFile": archive.testzip(),
        "deadLinks": [link for link in links if link not in archive.namelist()],
        "hashIsThatOfTheDocument": slot(entry, "hash") == hashlib.sha1(document).hexdigest(),
        "sizeIsThatOfTheDocument": slot(entry, "size") == str(len(document)),
        "root": ET.fromstring(document).tag,
        "longestLine": max(len(line) for line in raw.split(b"\r\n")),
        "isAscii": raw.isascii(),
    }


def context(authorities):
    return ssl.create_default_context(cafile=authorities)


def send(port, authorities, user, password, recipient):
    mail = email.message.EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = user, recipient, "Essai é"
    mail["Message-ID"] = "<python@test>"
    mail.set_content("Bonjour\n.\n..\nfin\n")
    with smtplib.SMTP("localhost", int(port)) as smtp:
        smtp.starttls(context=context(authorities))
        smtp.login(user, password)
        smtp.send_message(mail)
    return {"sent": True}


def fetch(port, authorities, user, password):
    with imaplib.IMAP4("localhost", int(port)) as imap:
        imap.starttls(context(authorities))
        imap.login(user, password)
        imap.select("INBOX")
        subjects = []
        for uid in imap.uid("SEARCH", "UNSEEN")[1][0].split():
            data = imap.uid("FETCH", uid, "(BODY.PEEK[])")[1]
            mail = email.message_from_bytes(data[0][1], policy=email.policy.default)
            subjects.append([mail["Subject"], mail.get_content_type(), mail.get_param("report-type")])
            imap.uid("STORE", uid, "+FLAGS", "(\\Seen)")
    return {"subjects": subjects}


print(json.dumps({"read": read, "send": send, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])))

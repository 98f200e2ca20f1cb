/** Libraries in the place of programs: Python's own, nodemailer and ImapFlow. With and without TLS. */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import { withProxy } from "./through-proxy.ts";

const BERT = "bert@mail.test";

for (const tls of [false, true]) {
  withProxy({ programs: [], tls }, `through the proxy, ${tls ? "in" : "without"} TLS,`, (mailbox) => {
    beforeAll(() => mailbox.deliver("for everybody"));

    /** Whether TLS begins with the first byte. */
    const ways = tls ? [false, true] : [false];
    const trust = () => (tls ? { ca: readFileSync(mailbox.certificateFile, "utf8") } : {});

    test("Python's imaplib, poplib and smtplib fetch and send", async () => {
      const { address: user, password, ports } = mailbox;
      const certificateFile = tls ? mailbox.certificateFile : "";
      const input = JSON.stringify({ user, password, ports, certificateFile, to: BERT });
      const script = join(import.meta.dir, "password-libraries.py");
      const { stdout } = await mailbox.runs("/usr/bin/python3", [script], { input });
      expect(stdout).toBe("all went well\n");
      for (const how of ["with PLAIN", "with LOGIN", ...(tls ? ["in TLS"] : [])])
        await mailbox.arrived(`from smtplib ${how}`, BERT);
    });

    test.each(ways)("nodemailer sends (TLS from the first byte: %p)", async (secure) => {
      const { address: user, password: pass, ports } = mailbox;
      const port = secure ? ports.smtps : ports.smtp;
      const transport = createTransport({
        host: "localhost",
        port,
        secure,
        ignoreTLS: !tls,
        requireTLS: tls,
        tls: trust(),
        auth: { user, pass },
      });
      const subject = `from nodemailer ${tls} ${secure}`;
      await transport.sendMail({ from: user, to: BERT, subject, text: "sent by a real library" });
      transport.close();
      expect(await mailbox.arrived(subject, BERT)).toContain("sent by a real library");
    });

    test.each(ways)("ImapFlow fetches (TLS from the first byte: %p)", async (secure) => {
      const { address: user, password: pass, ports } = mailbox;
      const port = secure ? ports.imaps : ports.imap;
      const client = new ImapFlow({
        host: "localhost",
        port,
        secure,
        doSTARTTLS: tls && !secure,
        tls: trust(),
        auth: { user, pass },
        logger: false,
      });
      await client.connect();
      const lock = await client.getMailboxLock("INBOX");
      const message = await client.fetchOne("1", { source: true });
      lock.release();
      await client.logout();
      expect(message === false ? "" : String(message.source)).toMatch(/Subject: for everybody[\s\S]*Hello\./);
    });
  });
}
